/** Settings from the command line: `--http-port 8080`, `--set key=value`, `-Dkey=value`. */
import { didYouMean } from '../did-you-mean.ts'
import { Findings } from '../given.ts'
import { canonical, flagNames, isIdle, keyNames, LOGGERS, settingOf, settingOfFlag } from '../known.ts'

export interface Flags {
  readonly found: Findings
  readonly configFile: string | null
  /** `--print-settings`. */
  readonly print: boolean
}

export function fromFlags(argv: readonly string[]): Flags {
  const reader = new FlagReader(argv)
  reader.read()
  return reader
}

class FlagReader implements Flags {
  readonly found = new Findings()
  configFile: string | null = null
  print = false
  readonly #argv: readonly string[]
  #at = 0

  constructor(argv: readonly string[]) {
    this.#argv = argv
  }

  read(): void {
    while (this.#at < this.#argv.length) {
      const argument = this.#argv[this.#at++]!
      if (argument.startsWith('-D')) this.#assignment(argument.slice(2), '-D')
      else if (argument.startsWith('--')) this.#flag(argument)
      else if (argument.startsWith('-')) this.#unknown(argument)
      else this.found.faults.push(`unexpected argument '${argument}'`)
    }
  }

  #flag(argument: string): void {
    const equals = argument.indexOf('=')
    const name = equals < 0 ? argument : argument.slice(0, equals)
    const written = equals < 0 ? null : argument.slice(equals + 1)
    if (name === '--print-settings' && written === null) {
      this.print = true
      return
    }
    if (name === '--config' || name === '--set') {
      const value = written ?? this.#next(name)
      if (value === null) return
      if (name === '--config') this.configFile = value
      else this.#assignment(value, '--set ')
      return
    }
    const setting = settingOfFlag(name.slice(2))
    if (setting === undefined) {
      this.#unknown(name, written !== null)
      return
    }
    const { key, type } = setting.declaration
    const raw = written ?? (type.name === 'boolean' ? this.#switch() : this.#next(name))
    if (raw !== null) this.found.given.push({ key, name, raw })
  }

  /** A boolean flag stands alone for true. */
  #switch(): string {
    const next = this.#argv[this.#at]
    if (next !== 'true' && next !== 'false') return 'true'
    this.#at++
    return next
  }

  #unknown(flag: string, hasValue = false): void {
    const hint = didYouMean(flag.replace(/^-(?!-)/, '--'), flagNames())
    this.found.faults.push(`unknown flag ${flag}${hint === '' ? '; --help lists the flags' : hint}`)
    if (!hasValue) this.#skipValue()
  }

  /** What follows a flag that was not understood is probably its value, and might be a secret: it is not repeated. */
  #skipValue(): void {
    if (this.#argv[this.#at]?.startsWith('-') === false) this.#at++
  }

  /** The argument behind a flag; a fault when there is none or it is a flag itself. */
  #next(flag: string): string | null {
    const value = this.#argv[this.#at]
    if (value === undefined || value.startsWith('--')) {
      this.found.faults.push(`${flag}: a value must follow`)
      return null
    }
    this.#at++
    return value
  }

  #assignment(text: string, flag: string): void {
    const equals = text.indexOf('=')
    if (equals <= 0) {
      this.found.faults.push(`${flag}${equals < 0 ? text : ''}: expected ${flag}key=value`)
      this.#skipValue()
      return
    }
    const written = text.slice(0, equals).trim()
    const raw = text.slice(equals + 1)
    const key = canonical(written)
    const name = `${flag}${written}`
    if (key === 'config.file') this.configFile = raw
    else if (settingOf(key) !== undefined)
      this.found.given.push({ key: settingOf(key)!.declaration.key, name, raw })
    else if (key.startsWith(LOGGERS)) this.found.given.push({ key, name, raw })
    else if (isIdle(key)) this.found.idle(name)
    else this.found.faults.push(`${name}: unknown setting${didYouMean(key, keyNames())}`)
  }
}
