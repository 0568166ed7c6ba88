/** The reference of all settings, as Markdown. */
import { settings } from './known.ts'
import type { Declaration } from './setting.ts'
import { titles } from './table/index.ts'

const INTRODUCTION = `# Settings

This file is written by \`scripts/settings-doc.js\` from the declarations in \`src/config/table/\`.

A setting can be given in a configuration file (\`--config FILE\` or \`OTOROSHI_CONFIG_FILE\`), by an environment variable, or
by a flag. Flags win over variables, variables over the file, the file over the defaults.

* \`app.x\` and \`otoroshi.x\` name the same setting; where a file gives both, \`otoroshi.x\` wins.
* Where several variables or keys name one setting, the last in the list wins. An empty variable counts as absent.
* Any setting can be given as \`--set key=value\` or \`-Dkey=value\`.
* A file is JSON (\`.json\`), YAML (\`.yaml\`, \`.yml\`) or HOCON (any other name). In HOCON, \`include "application.conf"\` is
  passed over, since it stands for the defaults.
* Keys of a HOCON file that its own substitutions name (\`zone = a\` … \`\${zone}\`) need not be settings.
* In Kubernetes a service named \`otoroshi\` gives its pods \`OTOROSHI_PORT=tcp://…\`, which is refused: set
  \`enableServiceLinks: false\`, or \`OTOROSHI_HTTP_PORT\`, which wins.
* A value \`file:///path\` stands for the content of that file, without blanks around it. For a setting that is a path, it is
  the path.
* Durations are milliseconds unless a unit is written: \`500\`, \`30s\`, \`2 minutes\`. Sizes are bytes: \`16384\`, \`16k\`, \`256m\`.
* A list can be one text with commas.
* Log levels of single loggers: \`otoroshi.loggers.<name>\` or \`OTOROSHI_LOGGERS_<NAME>\`, where \`_\` stands for \`-\`.
* A setting of Otoroshi that this version does not use is accepted with a warning. An unknown key or flag stops the start,
  and so does an invalid value. Unknown variables are ignored; those that begin with \`OTOROSHI_\` draw a warning.
* \`otoroshi start --print-settings\` prints what is in force, without secrets.
`

/** The text of docs/settings.md. */
export function settingsReference(): string {
  const sections = Object.entries(titles).map(([group, title]) => {
    const rows = settings.filter(({ at }) => at[0] === group).map(({ setting }) => row(setting.declaration))
    const head = '| Setting | Default | Variables | Type | Meaning |\n|---|---|---|---|---|'
    return `## ${title}\n\n${head}\n${rows.join('\n')}\n`
  })
  return [INTRODUCTION, ...sections].join('\n')
}

function row(declaration: Declaration<unknown>): string {
  const { key, aliases = [], env = [], flag, type, about, unit, secret, effective } = declaration
  const names = [key, ...aliases, ...(flag === undefined ? [] : [`--${flag}`])].map(code).join(', ')
  const remarks = [
    secret === true ? ' Never printed.' : '',
    effective === false ? ' **No effect in this version.**' : '',
  ].join('')
  const sentence = `${about[0]!.toUpperCase()}${about.slice(1)}.${remarks}`
  const kind = unit === undefined ? type.name : `${type.name}, ${unit}`
  return `| ${[names, fallback(declaration), env.map(code).join(', '), kind, sentence].join(' | ')} |`
}

function fallback({ default: value, defaultText, defaultFrom }: Declaration<unknown>): string {
  if (defaultText !== undefined) return defaultText
  if (defaultFrom !== undefined) return `that of ${code(defaultFrom)}`
  if (value === null) return ''
  return code(typeof value === 'string' ? value : JSON.stringify(value))
}

function code(text: string): string {
  return `\`${text}\``
}
