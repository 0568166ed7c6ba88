/** A start that is expected to fail. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GatewayOptions, launch } from './gateway.ts'

/** Runs it to its end: exit code and everything that was printed. */
export async function failedStart(
  options: GatewayOptions,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'otoroshi-'))
  const child = launch({ threads: 1, ...options, dataDir })
  const patience = setTimeout(() => child.kill('SIGKILL'), 30_000)
  let output = ''
  child.stdout!.on('data', chunk => (output += chunk))
  child.stderr!.on('data', chunk => (output += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(patience)
  if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
  return { code, output }
}
