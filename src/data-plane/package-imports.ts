/**
 * Lets plugin files say `import { definePlugin } from 'otoroshi/plugin'` wherever they lie: the names this package exports
 * lead to this very program, so that a plugin and the gateway share one contract.
 */
import { registerHooks } from 'node:module'

const exported: Readonly<Record<string, string>> = {
  'otoroshi/plugin': new URL('../plugin/index.ts', import.meta.url).href,
  'otoroshi/plugin/testing': new URL('../plugin/testing.ts', import.meta.url).href,
  'otoroshi/http': new URL('../http/index.ts', import.meta.url).href,
}

/** Call once per thread, before plugin files are loaded. */
export function registerPackageImports(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const url = Object.hasOwn(exported, specifier) ? exported[specifier] : undefined
      return url === undefined
        ? next(specifier, context)
        : { url, format: 'module-typescript', shortCircuit: true }
    },
  })
}
