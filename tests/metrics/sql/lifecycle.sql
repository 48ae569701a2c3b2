-- States at two instants, and how many customers went from one to another. $gap is in microseconds.
create or replace macro state_of(orders, since, last_gap, gap) as case
    when orders is null then null
    when since > 4 * gap then 'lost'
    when since > 2 * gap then 'sleeping'
    when last_gap > 4 * gap then 'returned'
    when orders = 1 then 'new'
    when orders = 2 then 'active'
    else 'loyal' end;
create or replace macro states(until, gap) as table
with turned as (
    select customer_id, epoch_us(bought_at_instant) as sold_at,
           lag(epoch_us(bought_at_instant))
               over (partition by customer_id order by bought_at_instant, InvoiceNo) as before,
           row_number()
               over (partition by customer_id order by bought_at_instant desc, InvoiceNo desc)
               as from_last,
           count(*) over (partition by customer_id) as orders
    from sales where bought_at_instant < until
)
select customer_id, orders, state_of(orders, epoch_us(until) - sold_at, sold_at - before, gap) as state
from turned where from_last = 1
