import { RecordBatchFileWriter, RecordBatchStreamWriter, type Schema } from 'apache-arrow';

/** As a stream has it. */
const { _writeSchema: writeSchemaMessage } = RecordBatchStreamWriter.prototype as unknown as {
  _writeSchema: (this: unknown, schema: Schema) => void;
};

/**
 * Writes a file whose stream begins with the schema, as the format has it ("IPC File Format"): so it can be read
 * without its footer. The library leaves that to the footer alone.
 */
export class ArrowFileWriter extends RecordBatchFileWriter {
  protected override _writeSchema(schema: Schema): this {
    super._writeSchema(schema);
    writeSchemaMessage.call(this, schema);
    return this;
  }
}
