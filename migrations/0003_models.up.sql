-- What this instance learned, and small settings.

CREATE TABLE shoal.models (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL,
    kind text NOT NULL,
    format_version integer NOT NULL,
    metadata jsonb NOT NULL,
    bytes bytea NOT NULL
);
-- Factors are incompressible: do not spend time on trying.
ALTER TABLE shoal.models ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE shoal.models IS 'Published models, the newest three.';
COMMENT ON COLUMN shoal.models.id IS 'Order of publication.';
COMMENT ON COLUMN shoal.models.created_at IS 'When it was published.';
COMMENT ON COLUMN shoal.models.kind IS 'Which kind of model the bytes hold.';
COMMENT ON COLUMN shoal.models.format_version IS 'Version of the layout of the bytes.';
COMMENT ON COLUMN shoal.models.metadata IS 'How it was trained and what it reached.';
COMMENT ON COLUMN shoal.models.bytes IS 'The model. Derived from watch history: it never leaves this database.';

CREATE TABLE shoal.settings (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE shoal.settings IS 'Small values that outlive the process.';
COMMENT ON COLUMN shoal.settings.key IS 'Name of the setting.';
COMMENT ON COLUMN shoal.settings.value IS 'Its value.';
COMMENT ON COLUMN shoal.settings.updated_at IS 'When it was last written.';
