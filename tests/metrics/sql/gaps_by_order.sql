-- The median gap before each customer's second, third … order.
with gaps as (
    select row_number() over turn as order_number,
           epoch_us(bought_at_instant) - lag(epoch_us(bought_at_instant)) over turn as gap
    from sales window turn as (partition by customer_id order by bought_at_instant, InvoiceNo)
)
select order_number, count(*), quantile_cont(gap, 0.5) / 86400e6
from gaps where gap is not null group by order_number order by order_number
