-- Serves the look-up of what one person has pending. It holds nothing that has ended.
CREATE INDEX verifications_pending_by_recipient ON verifications (recipient, reference) WHERE ended_at IS NULL;
