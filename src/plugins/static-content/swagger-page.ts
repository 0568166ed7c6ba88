/** The page that shows an OpenAPI document, and the files of Swagger UI that it loads: from here, not from a foreign server. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface SwaggerSettings {
  readonly swagger_url: string
  readonly title: string
  readonly filter: boolean
  readonly show_models: boolean
  readonly display_operation_id: boolean
  readonly show_extensions: boolean
  readonly layout: string
  readonly sort_tags: string
  readonly sort_ops: string
}

/** Files of the package that the page loads. */
export const ASSETS: ReadonlySet<string> = new Set([
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-32x32.png',
])
/** Query parameter that names one of them. */
export const ASSET = 'swagger-ui'
/** The script of the settings. */
export const SCRIPT = 'settings.js'

/** Nothing but the files of this page runs; documents and calls may be anywhere. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: https:",
  "font-src 'self' data:",
  'connect-src *',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

let folder: string | null = null

/** Where the package is. Throws when it is not installed. */
export function assetsFolder(): string {
  folder ??= dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  return folder
}

export const assetPath = (name: string): string => join(assetsFolder(), name)

export function swaggerPage({ title }: SwaggerSettings): string {
  const link = (name: string): string => `?${ASSET}=${name}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${link('swagger-ui.css')}">
<link rel="icon" type="image/png" href="${link('favicon-32x32.png')}">
</head>
<body>
<div id="swagger-ui"></div>
<script src="${link('swagger-ui-bundle.js')}"></script>
<script src="${link('swagger-ui-standalone-preset.js')}"></script>
<script src="${link(SCRIPT)}"></script>
</body>
</html>
`
}

/** Opens Swagger UI with the settings. */
export function swaggerScript(settings: SwaggerSettings): string {
  const options = {
    url: settings.swagger_url,
    dom_id: '#swagger-ui',
    deepLinking: true,
    filter: settings.filter,
    layout: settings.layout,
    defaultModelsExpandDepth: settings.show_models ? 1 : -1,
    displayOperationId: settings.display_operation_id,
    showExtensions: settings.show_extensions,
    validatorUrl: null,
    ...(settings.sort_tags === 'alpha' && { tagsSorter: 'alpha' }),
    ...(['alpha', 'method'].includes(settings.sort_ops) && { operationsSorter: settings.sort_ops }),
  }
  return `window.ui = SwaggerUIBundle(Object.assign(${JSON.stringify(options)}, {
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
}))
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
