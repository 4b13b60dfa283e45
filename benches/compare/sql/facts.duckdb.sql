-- Values for the five queries, chosen from the data by rule, never by hand.
--
-- bucket: the one most read from; window: the three days around its busiest day; access key: the one
-- nearest to a hundredth of all events; event: the last of that key in the window; word: the first of the list that occurs in a key; baseline:
-- thirty days from the first event.
WITH event AS (SELECT * FROM read_parquet($parquet)),
reads AS (SELECT * FROM event WHERE event_name = 'GetObject' AND bucket IS NOT NULL),
busiest AS (SELECT bucket FROM reads GROUP BY bucket ORDER BY count(*) DESC, bucket LIMIT 1),
peak AS (
    SELECT date_trunc('day', event_time) AS day
    FROM reads JOIN busiest USING (bucket)
    GROUP BY day ORDER BY count(*) DESC, day LIMIT 1
),
key AS (
    SELECT access_key
    FROM event WHERE access_key IS NOT NULL GROUP BY access_key
    ORDER BY abs(count(*) - (SELECT count(*) / 100 FROM event)), access_key LIMIT 1
),
one AS (
    SELECT max(event_id) AS event_id FROM event JOIN key USING (access_key)
),
word AS (
    SELECT word
    FROM (SELECT unnest(['%confidential%', '%secret%', '%payroll%', '%customer%', '%backup%']) AS word,
                 unnest([1, 2, 3, 4, 5]) AS rank)
    WHERE EXISTS (FROM event WHERE object_key ILIKE word)
    ORDER BY rank LIMIT 1
),
span AS (SELECT date_trunc('day', min(event_time)) AS first, count(*) AS events FROM event)
SELECT
    events,
    bucket,
    strftime(day - INTERVAL 1 DAY, '%Y-%m-%dT%H:%M:%SZ') AS window_start,
    strftime(day + INTERVAL 2 DAY, '%Y-%m-%dT%H:%M:%SZ') AS window_end,
    access_key,
    event_id,
    word,
    strftime(first, '%Y-%m-%dT%H:%M:%SZ') AS baseline_start,
    strftime(first + INTERVAL 30 DAY, '%Y-%m-%dT%H:%M:%SZ') AS baseline_end
FROM span LEFT JOIN busiest ON true LEFT JOIN peak ON true LEFT JOIN key ON true LEFT JOIN one ON true LEFT JOIN word ON true
