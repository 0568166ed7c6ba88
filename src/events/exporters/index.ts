/** The exporters that are there, by `type`. */
import { openConsole } from './console.ts'
import { type Exporter, ExporterFault, type OpenExporter } from './exporter.ts'
import { openFile } from './file.ts'

const openers: Readonly<Record<string, OpenExporter>> = { console: openConsole, file: openFile }

/** Opens an exporter. Throws `ExporterFault`. */
export function openExporter(type: string, config: Readonly<Record<string, unknown>>): Exporter {
  if (!Object.hasOwn(openers, type))
    throw new ExporterFault(`exporters of type ${type} are not available in this version`)
  return openers[type]!(config)
}

export { type Exporter, ExporterFault } from './exporter.ts'
