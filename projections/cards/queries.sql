-- Cards whose ids are known.

-- name: cards_by_id
select {card} from read.card c where c.card = any(%(wanted)s)
