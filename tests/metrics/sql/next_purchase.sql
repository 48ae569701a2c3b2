-- Kaplan–Meier after the first order: days to the second, or to the last day of the data.
with turned as (
    select bought_at::date as day,
           lead(bought_at::date) over (partition by customer_id order by bought_at, InvoiceNo) as next_day,
           row_number() over (partition by customer_id order by bought_at, InvoiceNo) as n
    from sales
), waits as (
    select datediff('day', day, coalesce(next_day, date '2011-12-09')) as days,
           count(next_day) as bought_again, count(*) - count(next_day) as censored
    from turned where n = 1 group by all
), risks as (
    select *, sum(bought_again + censored) over (order by days desc) as at_risk from waits
)
select days, at_risk::bigint, bought_again, censored,
       1 - product(1 - bought_again / at_risk) over (order by days)
from risks order by days
