-- The distribution of gaps, and the median of customers' medians, in days of 24 hours.
with gaps as (
    select customer_id,
           epoch_us(bought_at_instant) - lag(epoch_us(bought_at_instant))
               over (partition by customer_id order by bought_at_instant, InvoiceNo) as gap
    from sales
), medians as (
    select customer_id, quantile_cont(gap, 0.5) as median
    from gaps where gap is not null group by customer_id
)
select count(gap), count(*) filter (gap = 0), (select count(*) from medians),
       sum(gap) / count(gap) / 86400e6,
       quantile_cont(gap, 0.5) / 86400e6,
       quantile_cont(gap, 0.25) / 86400e6,
       quantile_cont(gap, 0.75) / 86400e6,
       quantile_cont(gap, 0.9) / 86400e6,
       (select quantile_cont(median, 0.5) from medians) / 86400e6
from gaps
