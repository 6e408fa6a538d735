// The page around the plugin's pages: PeerTube's colours (its light and its dark theme), a menu, and the helpers that
// PeerTube gives to client scripts. `?token=...` logs in, `?theme=dark` and `?lang=fr` choose. Under `/w/` it is the watch page,
// as far as "Other videos" go, and under `/admin/` the page of the plugin's settings.
import type { Setting } from '../../src/server/peertube.ts'

/** The page; `settings` are those that browsers are told, `registered` what administrators can set. */
export function shell(settings: object, registered: Setting[]): string {
  const fields = registered.map(({ name, label, type, html }) =>
    (type === 'html' ? `<div id="${name}-wrapper">${html}</div>` : `<p><label>${label} <input name="${name}"></label></p>`))
  const form = JSON.stringify(fields.join('')).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>PeerTube</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/shoal.css">
<style>
  :root { --fg: hsl(0 14% 2%); --fg-200: hsl(0 14% 29%); --bg: hsl(250 5% 96%); --fg-300: hsl(0 14% 22%); --fg-400: hsl(0 14% 10%); --bg-secondary-450: hsl(0 13% 81%); --bg-secondary-500: hsl(0 12% 72%);
    --bg-secondary-400: hsl(0 19% 89%); --primary: #FF8F37; --on-primary: hsl(0 14% 2%); --border-primary: #F2690D;
    --input-bg: hsl(0 19% 89%); --red: #c22b2b; color-scheme: light; }
  :root[data-theme=dark] { --fg: hsl(0 10% 96%); --fg-200: hsl(0 10% 75%); --bg: hsl(0 14% 7%); --fg-300: hsl(0 10% 82%); --fg-400: hsl(0 10% 90%); --bg-secondary-450: hsl(0 14% 24%); --bg-secondary-500: hsl(0 14% 32%);
    --bg-secondary-400: hsl(0 14% 17%); --primary: #FD9C50; --on-primary: #111; --input-bg: hsl(0 14% 20%); --red: #e36262; color-scheme: dark; }
  * { box-sizing: border-box } body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.45 "Source Sans 3", "DejaVu Sans", sans-serif; display: flex }
  nav { width: 13rem; padding: 1rem; background: var(--bg-secondary-400); min-height: 100vh } nav a { display: block; color: inherit; padding: .3rem 0 }
  main { flex: 1; min-width: 0; } main .margin-content, main.margin-content { margin: 0 2rem } #notifications { position: fixed; bottom: 1rem; right: 1rem; background: var(--fg); color: var(--bg); padding: 0 1rem; border-radius: 6px }
  dialog { max-width: 30rem }
  @media (max-width: 600px) { nav { display: none } main .margin-content, main.margin-content { margin: 0 15px } }
</style></head>
<body><nav aria-label="Menu" id="menu"></nav><main id="page"></main><div id="notifications" role="alert"></div>
<script type="module">
  const query = new URLSearchParams(location.search)
  const token = query.get('token')
  const users = { 'token-admin': 0, 'token-moderator': 1, 'token-user': 2 }
  if (query.get('theme') === 'dark') document.documentElement.dataset.theme = 'dark'
  const language = query.get('lang')
  if (language) document.documentElement.lang = language
  const words = language === 'fr' ? await (await fetch('/fr.json')).json() : {}
  const routes = [], hooks = new Map()
  const note = (text) => { document.querySelector('#notifications').textContent = text }
  await (await import('/client.js')).register({
    registerHook: ({ target, handler }) => hooks.set(target, handler),
    registerClientRoute: (route) => routes.push(route),
    peertubeHelpers: {
      getBaseRouterRoute: () => '/plugins/shoal/0.1.0/router',
      isLoggedIn: () => token !== null,
      getAuthHeader: () => token === null ? undefined : { Authorization: 'Bearer ' + token },
      getSettings: async () => (${JSON.stringify(settings)}),
      getUser: () => ({ role: { id: users[token] }, nsfwPolicy: 'blur', specialPlaylists: [{ id: 9, name: 'Watch later', type: 2 }] }),
      getServerConfig: async () => ({ instance: { defaultNSFWPolicy: 'blur' } }),
      notifier: { info: note, error: note, success: note },
      translate: async (text) => words[text] ?? text,
      showModal: ({ title, content, cancel, confirm }) => {
        const dialog = document.createElement('dialog')
        dialog.innerHTML = '<h2>' + title + '</h2>' + content
        for (const [value, action] of [[cancel?.value], [confirm?.value, confirm?.action]]) {
          const button = document.createElement('button')
          button.textContent = value
          button.onclick = () => { dialog.remove(); action?.() }
          dialog.append(button)
        }
        document.body.append(dialog)
        dialog.showModal()
      },
    },
  })
  const menu = await (hooks.get('filter:left-menu.links.create.result') ?? ((sections) => sections))(
    [{ key: 'quick-access', title: '', links: [{ icon: 'home', label: 'Home', path: '/' }] }, { key: 'other', title: '', links: [] }])
  document.querySelector('#menu').append(...menu.flatMap(({ links }) => links).map(({ path, label }) =>
    Object.assign(document.createElement('a'), { href: path + location.search, textContent: label })))
  const path = (route) => (route.parentRoute ?? '') + '/p/' + route.route
  const route = routes.find((each) => location.pathname === path(each))
  // "My account" has margins of its own, other pages have none.
  if (route?.parentRoute) document.querySelector('#page').classList.add('margin-content')
  if (route) { document.title = route.title; route.onMount({ rootEl: document.querySelector('#page') }) }

  // The watch page. What it has played, it forgets with the page.
  const run = async (target, value, parameters) => (await hooks.get(target)?.(value, parameters)) ?? value
  const seen = new Set()
  const authorization = token === null ? {} : { Authorization: 'Bearer ' + token }
  const overXhr = (address) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('GET', address, true)
    for (const [name, value] of Object.entries(authorization)) request.setRequestHeader(name, value)
    request.onload = () => resolve(JSON.parse(request.responseText))
    request.onerror = reject
    request.send()
  })
  const overFetch = async (address) => (await fetch(address, { headers: authorization })).json()
  window.play = async (id, { path = '/w/' + id, over = 'xhr' } = {}) => {
    history.pushState({}, '', path + location.search)
    const fetched = await (await fetch('/api/v1/videos/' + id)).json()
    const video = await run('filter:api.video-watch.video.get.result', fetched, { videoId: id })
    seen.add(video.shortUUID)
    const address = '/api/v1/search/videos?start=0&count=' + Math.min(6 + seen.size, 30) + '&skipCount=true&sort=-publishedAt'
      + '&searchTarget=local' + video.tags.map((tag) => '&tagsOneOf=' + tag).join('')
    const found = await (over === 'fetch' ? overFetch : overXhr)(address)
    const others = found.data.filter((each) => !seen.has(each.shortUUID))
    return (others.length > 0 ? others : found.data).slice(0, 5).map((each) => each.shortUUID)
  }
  window.logOut = () => hooks.get('action:auth-user.logged-out')?.()

  if (location.pathname.startsWith('/admin/')) {
    const form = document.createElement('form')
    form.innerHTML = ${form} + '<button>Update plugin settings</button>'
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      const changed = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''))
      await fetch('/api/v1/plugins/settings', { method: 'PUT', headers: { ...authorization, 'content-type': 'application/json' }, body: JSON.stringify(changed) })
    })
    document.querySelector('#page').append(form)
    await run('action:admin-plugin-settings.init', { npmName: 'peertube-plugin-shoal' })
  }
  document.body.dataset.ready = ''
</script></body></html>`
}
