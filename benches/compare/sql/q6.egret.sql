-- One event by its id, every column.
SELECT * FROM events WHERE "event.dataset" = 'aws.cloudtrail' AND "event.id" = $event_id
