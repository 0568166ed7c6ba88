/** What an exporter is: it sends groups of events somewhere. The pipeline around it filters, groups, retries and counts. */

/**
 * Sends events, each the text of a JSON value without line breaks. A rejection means that none of the group may be counted as
 * delivered.
 */
export interface Exporter {
  send(events: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** The configuration is wrong, or the type is not there: the exporter does not start, and says so in its status. */
export class ExporterFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ExporterFault'
  }
}

/** Makes an exporter from its `config`. Throws `ExporterFault`. */
export type OpenExporter = (config: Readonly<Record<string, unknown>>) => Exporter
