/** The pages of the catalogue of plugins. */
import type { Step } from '../../src/plugin/contract.ts'
import type { PluginExample } from './examples.ts'
import { families, notOfRoutes } from './families.ts'
import type { SettingRow } from './settings.ts'

/** What a page tells of a plugin. */
export interface CatalogueEntry {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly family: string
  readonly steps: readonly Step[]
  readonly rows: readonly SettingRow[]
  readonly example: PluginExample
  /** Otoroshi does not have it. */
  readonly own: boolean
}

/** When each step is, in the order of a request. `Preset` stands for other plugins. */
const steps: Readonly<Record<Step, string>> = {
  IncomingRequestValidator: 'before a route is looked for; among the global `incomingRequestValidators` only',
  Router: 'chooses the route; global plugins only',
  MatchRoute: 'a further condition of the route',
  Sink: 'no route wants the request; global plugins only',
  PreRoute: 'first of a route',
  ValidateAccess: 'may this request pass?',
  TransformRequest: 'on the way to the backend',
  CallBackend: 'in place of the backend',
  TransformResponse: 'on the way to the client',
  TransformError: 'the gateway itself answers an error',
  HandlesTunnel: 'a tunnel through a WebSocket',
  HandlesWebsocket: 'each message of a WebSocket',
  Preset: 'stands for other plugins',
}

/** Defaults that are longer stand below the table. */
const LONGEST_DEFAULT = 80

const code = (text: string): string => `\`${text}\``
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const className = (id: string): string => id.slice(id.lastIndexOf('.') + 1)
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``
const order = (a: string, b: string): number => (a < b ? -1 : 1)

/** docs/plugin-catalogue.md. `upstream`: ids of Otoroshi's plugins by family. */
export function indexPage(
  entries: readonly CatalogueEntry[],
  upstream: ReadonlyMap<string, readonly string[]>,
): string {
  const built = new Set(entries.map(entry => entry.id))
  const listed = [...new Set(entries.map(entry => entry.family))].sort()
  const later = [...upstream]
    .filter(([family]) => family !== notOfRoutes)
    .map(([family, ids]) => [family, ids.filter(id => !built.has(id))] as const)
    .filter(([, ids]) => ids.length > 0)
    .sort(([a], [b]) => order(a, b))
  const notBuilt = later.reduce((sum, [, ids]) => sum + ids.length, 0)
  return `# Catalogue of plugins

This file and those in \`catalogue/\` are written by \`scripts/plugins-doc.js\` from the plugins themselves: \`src/plugins/\`.

${entries.length} plugins are built in. A route names those it wants, in order:

${json({ plugins: [{ plugin: 'cp:otoroshi.next.plugins.OverrideHost', enabled: true, include: [], exclude: [], config: {} }] })}

\`include\` and \`exclude\` are regular expressions of whole paths. Settings that are left out have their defaults; null stands for the
default. Settings that do not fit, and ids that nobody knows, close the route (503): \`GET /api/routes/<id>/_status\` names the fault.
\`GET /api/plugins\` tells what stands here as JSON, with a JSON Schema for the settings.

## Families

${table(
  ['Family', 'About', 'Plugins', 'More'],
  listed.map(family => [
    `[${titleOf(family)}](catalogue/${family}.md)`,
    families[family]?.about ?? '',
    entries
      .filter(entry => entry.family === family)
      .map(({ id }) => `[${className(id)}](catalogue/${family}.md#${className(id).toLowerCase()})`)
      .join(', '),
    guideLink(family, ''),
  ]),
)}

## Steps

In the order of a request. [Phases](plugins.md#phases) says more.

${table(
  ['Step', 'When'],
  Object.entries(steps).map(([step, when]) => [code(step), when]),
)}

## Coming later

${notBuilt} plugins of Otoroshi are not built yet. A route that names one of them answers 503 \`plugin.unknown\` with its id, and is
served as soon as a version knows it.

${table(
  ['Family', 'Ids'],
  later.map(([family, ids]) => [titleOf(family), ids.map(code).join(', ')]),
)}

## No plugins of routes

Otoroshi lists these ids, too: jobs, request handlers, and parts of its engine. A route that names one is closed in the same way.

${(upstream.get(notOfRoutes) ?? []).map(code).join(', ')}
`
}

/** A file of docs/catalogue. */
export function familyPage(family: string, entries: readonly CatalogueEntry[]): string {
  const own = entries.filter(entry => entry.family === family)
  const about = families[family]?.about ?? ''
  const guide = guideLink(family, '../')
  return `# ${titleOf(family)}

Plugins about ${about}. ${guide === '' ? '' : `More: ${guide}. `}[All families](../plugin-catalogue.md).

${own.map(section).join('\n')}`
}

function section({ id, name, description, steps, rows, example, own }: CatalogueEntry): string {
  const long = rows.filter(row => isLong(row.fallback))
  return `## ${className(id)}

**${name.trim()}.** ${description}

${code(id)}, ${steps.length === 1 ? 'step' : 'steps'} ${steps.map(code).join(', ')}.${own ? ' Otoroshi does not have it.' : ''}

${rows.length === 0 ? 'There is nothing to set.' : table(['Setting', 'Type', 'Default', 'Meaning'], rows.map(settingCells))}
${long.map(row => `\nDefault of ${code(row.path)}:\n\n${json(row.fallback)}\n`).join('')}
${example.does}

${json({ plugin: id, config: example.config })}
`
}

function settingCells({ path, type, fallback, meaning, required }: SettingRow): readonly string[] {
  return [code(path), cell(type), required ? 'needed' : cell(defaultText(fallback)), cell(meaning)]
}

function defaultText(fallback: unknown): string {
  if (fallback === undefined || fallback === null) return ''
  return isLong(fallback) ? 'below' : code(JSON.stringify(fallback))
}

function isLong(fallback: unknown): boolean {
  return fallback !== undefined && JSON.stringify(fallback).length > LONGEST_DEFAULT
}

function titleOf(family: string): string {
  return families[family]?.title ?? family
}

function guideLink(family: string, base: string): string {
  const guide = families[family]?.guide
  return guide === undefined ? '' : `[${guide.replace('.md', '')}](${base}${guide})`
}
