/** The program behind `otoroshi start`: reads the settings, starts the instance, says so, and ends it on a signal. */
import { readFileSync } from 'node:fs'
import { describeSettings, loadSettings, SettingsError } from './config/index.ts'
import { banner } from './instance/banner.ts'
import { StartFailure } from './instance/failure.ts'
import { startInstance } from './instance/instance.ts'
import { createLog, type Threshold } from './instance/log.ts'

/** Runs until a signal ends it. `argv` is what follows `start`. */
export async function start(argv: readonly string[]): Promise<void> {
  try {
    await run(argv)
  } catch (error) {
    if (!(error instanceof SettingsError) && !(error instanceof StartFailure)) throw error
    process.stderr.write(`otoroshi: ${error.message}\n`)
    process.exitCode = 1
    // Threads that were started and ports that were opened are gone; nothing may keep the process.
    process.exit()
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const { settings, warnings, print } = loadSettings({ argv, env: process.env })
  if (print) {
    process.stdout.write(describeSettings(settings))
    return
  }
  const log = createLog(settings.logs.level as Threshold)
  for (const warning of warnings) log('warn', warning)
  const version = readVersion()
  const instance = await startInstance(settings, version, log)
  // Before we say that we are ready: whoever reads it may send a signal at once.
  const isEnding = endOnSignals(log, () => instance.stop())
  try {
    await instance.complete
  } catch (error) {
    // What was still being read when the signal came is nobody's concern.
    if (isEnding()) return
    throw error
  }
  const url = (scheme: string, host: string, port: number): string => `${scheme}://${host}:${port}`
  const { httpPort, httpsPort, firstLogin } = instance
  process.stdout.write(
    banner({
      version,
      readyIn: performance.now(),
      threads: settings.running.threads,
      storage: storageText(settings.storage.kind, settings.storage.dataDir),
      http: url('http', 'localhost', httpPort),
      https: httpsPort === null ? null : url('https', 'localhost', httpsPort),
      adminApi: settings.adminApi.exposed ? url('http', settings.adminHosts.exposed[0]!, httpPort) : null,
      login: firstLogin,
    }),
  )
}

/** The first signal drains, the second ends at once. Answers a function that tells whether one came. */
function endOnSignals(
  log: (level: 'info', message: string) => void,
  stop: () => Promise<void>,
): () => boolean {
  let ending = false
  const end = (signal: NodeJS.Signals): void => {
    if (ending) {
      if (signal === 'SIGINT') process.exit(130)
      return
    }
    ending = true
    log('info', `${signal}: no new requests, the running ones may finish (SIGINT again ends at once)`)
    stop().then(
      () => process.exit(0),
      error => {
        process.stderr.write(`otoroshi: ${String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  return () => ending
}

function storageText(kind: string, dataDir: string): string {
  if (kind === 'inmemory' || kind === 'memory') return 'in memory: nothing is kept'
  return kind === 'sqlite' || kind === 'file' ? `${kind} in ${dataDir}` : kind
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
