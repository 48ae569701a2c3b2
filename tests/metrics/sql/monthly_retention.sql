-- Monthly retention: a customer at an instant is who bought in the month before it.
with months as (
    select unnest(generate_series(date '2010-12-01', date '2011-12-01', interval 1 month))::date
           as month
), ends as (
    select month, month as start_at,
           least(month + interval 1 month, timestamp '2011-12-10') as end_at
    from months
), firsts as (
    select customer_id, min(bought_at) as first_at from sales group by all
), starts as (
    select distinct month, customer_id from ends join sales
      on bought_at >= start_at - interval 1 month and bought_at < start_at
), finishes as (
    select distinct month, customer_id from ends join sales
      on bought_at >= end_at - interval 1 month and bought_at < end_at
), here as (
    select month, customer_id, count(*) as orders, sum(amount) as revenue,
           (select count(*) from sales as earlier
            where earlier.customer_id = sales.customer_id and earlier.bought_at < end_at) as so_far
    from ends join sales on bought_at >= start_at and bought_at < end_at
    group by all
), bought as (
    select month, count(*) as buyers, count(*) filter (so_far >= 2) as known_buyers,
           count(*) filter (first_at < month) as returning_customers,
           sum(orders)::bigint as orders, sum(revenue) as revenue,
           coalesce(sum(revenue) filter (first_at < month), 0) as returning_revenue
    from here join firsts using (customer_id) group by month
), moved as (
    select month,
           count(starts.customer_id) as start_customers,
           count(finishes.customer_id) as end_customers,
           count(*) filter (starts.customer_id is not null and finishes.customer_id is not null)
               as retained,
           count(*) filter (starts.customer_id is null and first_at >= month) as new_customers,
           count(*) filter (starts.customer_id is null and first_at < month) as reactivated,
           count(*) filter (finishes.customer_id is null) as lost
    from starts full join finishes using (month, customer_id) join firsts using (customer_id)
    group by month
)
select month, start_customers, end_customers, retained, new_customers, reactivated, lost,
       buyers, known_buyers, returning_customers, orders, revenue, returning_revenue
from moved join bought using (month) order by month
