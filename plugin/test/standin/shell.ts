// The page around the plugin's pages: PeerTube's colours (its light and its dark theme), a menu, and the helpers that
// PeerTube gives to client scripts. `?token=...` logs in, `?theme=dark` and `?lang=fr` choose.

/** The page; `settings` are those that browsers are told. */
export function shell(settings: object): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>PeerTube</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/shoal.css">
<style>
  :root { --fg: hsl(0 14% 2%); --fg-200: hsl(0 14% 29%); --bg: hsl(250 5% 96%); --bg-secondary-450: hsl(0 13% 81%);
    --bg-secondary-400: hsl(0 19% 89%); --primary: #FF8F37; --on-primary: hsl(0 14% 2%); --border-primary: #F2690D;
    --input-bg: hsl(0 19% 89%); --red: #c22b2b; color-scheme: light; }
  :root[data-theme=dark] { --fg: hsl(0 10% 96%); --fg-200: hsl(0 10% 75%); --bg: hsl(0 14% 7%); --bg-secondary-450: hsl(0 14% 24%);
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
      getUser: () => ({ role: { id: users[token] }, nsfwPolicy: 'blur' }),
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
  document.body.dataset.ready = ''
</script></body></html>`
}
