/** The log of the process: one line per message on the standard error, so that the standard output stays for exporters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** `off` writes nothing. */
export type Threshold = LogLevel | 'off'

const rank: Readonly<Record<Threshold, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 }

export type Log = (level: LogLevel, message: string) => void

/** Writes messages of `least` or above. Line ends inside a message are made visible, so that nobody forges a line. */
export function createLog(
  least: Threshold,
  write: (line: string) => void = line => process.stderr.write(line),
): Log {
  return (level, message) => {
    if (rank[level] < rank[least]) return
    const text = message.replace(/[\u0000-\u001f\u007f]/g, c => (c === '\n' ? '\\n' : c === '\t' ? ' ' : '?'))
    write(`${new Date().toISOString()} ${level} ${text}\n`)
  }
}
