/** Plugin files as a user writes them, in a folder outside of the package. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class PluginFiles {
  readonly folder = mkdtempSync(join(tmpdir(), 'otoroshi-plugins-'))

  /** Writes a file in one step: no reader sees half of it. */
  put(name: string, text: string): void {
    const draft = join(this.folder, `.${name}`)
    writeFileSync(draft, text)
    renameSync(draft, join(this.folder, name))
  }

  drop(name: string): void {
    rmSync(join(this.folder, name))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The text of a plugin; `phases` is what its `setup` returns. */
export function pluginText(id: string, phases: string): string {
  return `import { answer, definePlugin, type Exchange, refuse, schema } from 'otoroshi/plugin'

interface Settings {
  readonly greeting: string
}
const config = schema.looseObject({ greeting: schema.optional(schema.string(), 'hello') })

export default definePlugin<Settings>({
  id: '${id}',
  name: '${id}',
  description: 'Of a test',
  family: 'own',
  steps: ['CallBackend'],
  config,
  setup: ({ greeting }: Settings) => (${phases}),
})
void answer, refuse, greetings
function greetings(_: Exchange): void {}
`
}
