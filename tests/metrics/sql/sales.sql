-- The sales of identified customers, straight from the published rows.
create view sales as
select InvoiceNo, CustomerID as customer_id,
       min(InvoiceDate) as bought_at,
       timezone('Europe/London', min(InvoiceDate)) as bought_at_instant,
       sum(Quantity * UnitPrice::decimal(18, 4))::decimal(38, 4) as amount
from raw
where CustomerID is not null and InvoiceNo not like 'C%' and Quantity > 0 and UnitPrice > 0
group by InvoiceNo, CustomerID
