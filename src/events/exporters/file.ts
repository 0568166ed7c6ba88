/**
 * Appends events to a file, one JSON a line (ended by CR LF as upstream does). `{date}`, `{year}`, `{month}`, `{day}`, `{hour}` and
 * `{time}` in the path are those of the moment of writing, in UTC. A file that has grown beyond `maxFileSize` is set aside under
 * its name with the time; of those the newest `maxNumberOfFile` stay.
 */
import { GrowingFile } from './growing-file.ts'
import { type Exporter, ExporterFault, type OpenExporter } from './exporter.ts'

export const openFile: OpenExporter = (config): Exporter => {
  const { path, maxFileSize, maxNumberOfFile } = config
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw new ExporterFault('config.path: expected the path of a file')
  if (typeof maxFileSize !== 'number' || !(maxFileSize > 0))
    throw new ExporterFault('config.maxFileSize: expected a number of bytes greater than 0')
  if (maxNumberOfFile !== undefined && maxNumberOfFile !== null && typeof maxNumberOfFile !== 'number')
    throw new ExporterFault('config.maxNumberOfFile: expected a number')
  const keep = typeof maxNumberOfFile === 'number' ? maxNumberOfFile : 0
  const file = new GrowingFile(now => filled(path, now), maxFileSize, keep)
  return {
    send: events => file.append(events),
    close: () => file.close(),
  }
}

const PLACES = /\{(date|year|month|day|hour|time)\}/g

function filled(path: string, now: Date): string {
  if (!path.includes('{')) return path
  const iso = now.toISOString()
  const values: Readonly<Record<string, string>> = {
    date: iso.slice(0, 10),
    year: iso.slice(0, 4),
    month: iso.slice(5, 7),
    day: iso.slice(8, 10),
    hour: iso.slice(11, 13),
    time: iso.slice(11, 23),
  }
  return path.replace(PLACES, (_, name: string) => values[name]!)
}
