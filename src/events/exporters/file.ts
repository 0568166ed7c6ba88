/**
 * Appends events to a file, one JSON a line (ended by CR LF as upstream does). `{date}`, `{year}`, `{month}`, `{day}`, `{hour}` and
 * `{time}` in the path are those of the moment of writing, in UTC. A file that has grown beyond `maxFileSize` is set aside under
 * its name with the time; of those the newest `maxNumberOfFile` stay.
 */
import { appendFile, mkdir, readdir, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
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
  // One write after the other: rotation must not come between two.
  let last: Promise<void> = Promise.resolve()
  const write = async (text: string): Promise<void> => {
    const file = filled(path, new Date())
    await makeFolder(dirname(file))
    await appendFile(file, text, { mode: 0o600 })
    if ((await stat(file)).size > maxFileSize) await setAside(file, keep)
  }
  return {
    send(events) {
      const text = events.map(event => `${JSON.stringify(event)}\r\n`).join('')
      const done = last.then(() => write(text))
      last = done.catch(() => {})
      return done
    },
    close: () => last,
  }
}

/** Step by step: Node's own recursive `mkdir` never ends below folders that refuse new ones with ENOENT (`/proc`). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder))
    await mkdir(folder)
  }
}

function filled(path: string, now: Date): string {
  const iso = now.toISOString()
  const values: Readonly<Record<string, string>> = {
    date: iso.slice(0, 10),
    year: iso.slice(0, 4),
    month: iso.slice(5, 7),
    day: iso.slice(8, 10),
    hour: iso.slice(11, 13),
    time: iso.slice(11, 23),
  }
  return path.replace(/\{(date|year|month|day|hour|time)\}/g, (_, name: string) => values[name]!)
}

async function setAside(file: string, keep: number): Promise<void> {
  const ending = extname(file)
  const name = basename(file, ending)
  const folder = dirname(file)
  await rename(file, join(folder, `${name}.${Date.now()}${ending}`))
  if (keep <= 0) return
  const aside = new RegExp(`^${literally(name)}\\.(\\d{13,})${literally(ending)}$`)
  const old = (await readdir(folder))
    .map(entry => ({ entry, time: Number(aside.exec(entry)?.[1] ?? Number.NaN) }))
    .filter(({ time }) => !Number.isNaN(time))
    .sort((a, b) => b.time - a.time)
    .slice(keep)
  for (const { entry } of old) await unlink(join(folder, entry))
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
