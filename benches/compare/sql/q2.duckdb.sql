-- Everything that one access key did, every column, in order.
SELECT * FROM read_parquet($parquet) WHERE access_key = $access_key ORDER BY event_time, event_id
