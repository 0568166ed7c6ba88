/** What is printed about settings: the values in force without secrets, and the help of the command line. */
import { settings as declarations } from './known.ts'
import type { Settings } from './shape.ts'

/** One `key = value` line per setting, sorted; secrets are shown as `***`. */
export function describeSettings(settings: Settings): string {
  const lines = declarations.map(({ at, setting }) => {
    const { key, secret } = setting.declaration
    const value = at.reduce<unknown>((from, name) => (from as Record<string, unknown>)[name], settings)
    const text = secret === true && value !== null ? '***' : written(value)
    return `${key} = ${text}`
  })
  const loggers = Object.entries(settings.loggers).map(
    ([name, level]) => `otoroshi.loggers.${name} = ${level}`,
  )
  return `${[...lines, ...loggers].sort().join('\n')}\n`
}

function written(value: unknown): string {
  if (value === Number.POSITIVE_INFINITY) return 'infinite'
  return value === null ? '(none)' : typeof value === 'string' ? value : JSON.stringify(value)
}

/** Help of `otoroshi start`. */
export function startHelp(): string {
  const rows: [string, string][] = [
    ['--config FILE', 'configuration file: HOCON, .json or .yaml (OTOROSHI_CONFIG_FILE)'],
    ['--set KEY=VALUE', 'any setting by its key; also -DKEY=VALUE'],
    ['--print-settings', 'print the settings in force without secrets, and end'],
    ['--help', 'this text'],
  ]
  for (const { setting } of declarations) {
    const { flag, type, about, default: value, defaultText, env } = setting.declaration
    if (flag === undefined) continue
    const argument = type.name === 'boolean' ? '' : ` ${placeholder(type.name)}`
    const fallback = defaultText ?? (value === null ? null : written(value))
    const facts = [fallback === null ? null : `default: ${fallback}`, env?.at(-1) ?? null].filter(
      f => f !== null,
    )
    rows.push([`--${flag}${argument}`, `${about} (${facts.join('; ')})`])
  }
  const width = Math.max(...rows.map(([name]) => name.length))
  const list = rows.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`).join('\n')
  return `Usage: otoroshi start [flags]\n\nStarts the gateway.\n\n${list}\n\nAll settings: docs/settings.md\n`
}

function placeholder(type: string): string {
  return type.includes('|') ? 'NAME' : type.toUpperCase().replaceAll(' ', '-')
}
