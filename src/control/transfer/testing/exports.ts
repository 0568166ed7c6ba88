/** Control planes over memory stores, their exports and imports, for tests. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryStore } from '../../../store/memory.ts'
import { ControlPlane } from '../../control-plane.ts'
import type { Replacement, ReplacementOutcome } from '../../replacement.ts'
import { exportJson } from '../export-json.ts'
import { exportLines } from '../export-lines.ts'
import { Incoming } from '../incoming.ts'
import { keptKey, readKept } from '../kept.ts'
import { readJsonExport } from '../read-json.ts'
import { readLinesExport } from '../read-lines.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into exports of every shape
export type Json = any

/** An export as upstream writes it: every section, every variant. */
export const upstreamExport = (): Json =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../testdata/upstream-export.json'), 'utf8'))

export function emptyControl(): Promise<ControlPlane> {
  return ControlPlane.start({ store: createMemoryStore(), turn: 60_000 })
}

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

/** Reads an export: JSON unless it is a text of lines. */
export async function read(content: object | string, root = 'otoroshi', size = 1000): Promise<Incoming> {
  const incoming = new Incoming(root)
  if (typeof content === 'string') await readLinesExport(chunksOf(content, size), incoming)
  else await readJsonExport(chunksOf(JSON.stringify(content), size), incoming)
  return incoming
}

export async function replacementOf(control: ControlPlane, incoming: Incoming): Promise<Replacement> {
  const { store, root } = control.stored
  return {
    entities: incoming.entities,
    stays: () => false,
    changes: incoming.changes(await store.get(keptKey(root))),
  }
}

/** Imports; throws when something in it is invalid. */
export async function apply(control: ControlPlane, content: object | string): Promise<ReplacementOutcome> {
  const incoming = await read(content)
  if (incoming.invalidCount > 0) throw new Error(JSON.stringify(incoming.invalid))
  return control.replaceAll(await replacementOf(control, incoming))
}

/** What an import would change, as one number. */
export async function distance(control: ControlPlane, content: object | string): Promise<number> {
  const replacement = await replacementOf(control, await read(content))
  const { created, updated, removed } = control.previewReplacement(replacement)
  return created.length + updated.length + removed.length + replacement.changes.length
}

export async function exported(control: ControlPlane, now?: number): Promise<Json> {
  const { store, root } = control.stored
  const kept = readKept(await store.get(keptKey(root)))
  return JSON.parse(await textOf(exportJson(control, kept, now)))
}

export async function exportedLines(control: ControlPlane): Promise<string> {
  return textOf(exportLines(control.stored))
}

export async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}
