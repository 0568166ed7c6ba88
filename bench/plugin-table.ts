/**
 * The table of what plugins cost, between its marks in docs/performance.md: `node bench/plugin-table.ts <result.json>` writes
 * it anew from a kept result of `npm run bench:plugins`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Cost of a plugin. */
export interface PluginCost {
  readonly id: string
  readonly family: string
  readonly settings: 'default' | 'example' | 'bench'
  /** Status that callers get. */
  readonly status: number
  /** The backend is called. */
  readonly passes: boolean
  /** Microseconds of CPU per request above the plain route: the middle of the rounds. */
  readonly added: number
  /** Between these are the middle half of the rounds. */
  readonly lower: number
  readonly upper: number
}

/** A kept result. */
export interface PluginCosts {
  readonly rounds: number
  readonly seconds: number
  /** Microseconds of CPU per request of the plain route: the middle of all. */
  readonly plain: number
  readonly costs: readonly PluginCost[]
}

const [BEGIN, END] = ['<!-- costs of plugins: written by bench/plugin-table.ts -->', '<!-- end -->']

/** The text between the marks. `source`: the file the result is kept in. */
export function costTable({ plain, rounds, costs }: PluginCosts, source: string): string {
  const rows = [...costs]
    .sort((a, b) => (a.family === b.family ? a.added - b.added : a.family < b.family ? -1 : 1))
    .map(({ id, family, settings, status, passes, added, lower, upper }) => [
      `\`${id.slice(id.lastIndexOf('.') + 1)}\``,
      family,
      settings,
      passes ? 'passes' : `answers ${status}`,
      `${figure(added)} (${figure(lower)} to ${figure(upper)})`,
      `${Math.round((100 * added) / plain)} %`,
    ])
  const head = [
    'Plugin',
    'Family',
    'Settings',
    'The request',
    'Added, µs (middle half of the rounds)',
    'Of the plain route',
  ]
  const lines = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`)
  return `The plain route costs ${figure(plain)} µs per request here; middle of ${rounds} rounds (\`bench/results/${source}\`).\n\n${lines.join('\n')}`
}

/** Puts a text between the marks of a document. Throws when they are not there. */
export function between(document: string, text: string): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)]
  if (from === -1 || to < from) throw new Error('the marks of the table are missing')
  return `${document.slice(0, from + BEGIN.length)}\n\n${text}\n\n${document.slice(to)}`
}

function figure(micros: number): string {
  return micros.toFixed(1)
}

if (import.meta.main) {
  const [file] = process.argv.slice(2)
  if (file === undefined) {
    console.error('bench/plugin-table.ts: name the result')
    process.exit(1)
  }
  const docs = join(import.meta.dirname, '../docs/performance.md')
  const result = JSON.parse(readFileSync(file, 'utf8')) as PluginCosts
  writeFileSync(docs, between(readFileSync(docs, 'utf8'), costTable(result, basename(file))))
}
