import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { defineConfig, type Plugin } from 'vite';
import { minified } from './minified.ts';

/** What few pages need: modules that the worker imports when they are asked for, each published as a file beside it. */
const late: Record<string, { importer: RegExp; module: string }> = {
  create: { importer: /\/endpoints\/create\.ts$/, module: '@tabllama/create' },
  grammar: { importer: /\/engine\/src\/vocabulary\.ts$/, module: '@tabllama/grammar' },
  calls: { importer: /\/engine\/src\/bounds\.ts$/, module: '@tabllama/calls' },
};

/**
 * What is published: `vite build --mode page` makes `dist/index.js`, `--mode script` the same as a classic script, `--mode worker`
 * `dist/worker.js`, and the others a file for each late module; each is one file with all the code that it needs.
 */
const inputs: Record<string, Record<string, string>> = {
  page: { index: 'src/index.ts' },
  worker: { worker: 'src/worker.ts' },
  script: { script: 'src/page/script.ts' },
};

export default defineConfig(({ mode }) => ({
  plugins: [
    publishedWorker(),
    ...(mode === 'worker' ? Object.keys(late).map(publishedLate) : []),
    bareShaders(),
    minified(),
    markedForBundlers(),
    ...(mode in late ? [publishedAsScript(mode)] : []),
    ...(mode === 'create' ? [templateLicense()] : []),
  ],
  base: './',
  build: {
    target: 'es2024',
    assetsInlineLimit: 0,
    emptyOutDir: mode === 'page',
    modulePreload: false,
    license: { fileName: `${mode}-licenses.md` },
    rolldownOptions: {
      input: inputs[mode] ?? { [mode]: late[mode].module },
      // calls are written after a grammar is loaded
      external: mode === 'calls' ? [late.grammar.module] : [],
      preserveEntrySignatures: 'strict',
      output: {
        format: mode === 'script' ? 'iife' : 'es',
        entryFileNames: '[name].js',
        assetFileNames: '[name].[ext]',
        codeSplitting: false,
      },
    },
  },
}));

/**
 * In the published page half the worker is the file beside it, in the expression that the bundler of an application looks for;
 * here, Vite is told to leave it alone.
 */
function publishedWorker(): Plugin {
  const source = "new URL('./worker.ts', import.meta.url)";
  const published = "new URL(/* @vite-ignore */ './worker.js', import.meta.url)";
  return {
    name: 'published-worker',
    enforce: 'pre',
    transform: {
      filter: { id: /\/tabllama\/src\/index\.ts$/ },
      handler(code) {
        if (!code.includes(source)) this.error(`there is no ${source} to replace`);
        return code.replace(source, published);
      },
    },
  };
}

/**
 * In the published worker a late module is the file beside it, which bundlers of applications carry along as they find its URL. A chunk
 * of code would be none of their workers' in Vite's default format.
 */
function publishedLate(name: string): Plugin {
  const { importer, module } = late[name];
  const source = `import('${module}')`;
  return {
    name: `published-${name}`,
    enforce: 'pre',
    transform: {
      filter: { id: importer },
      handler(code) {
        if (!code.includes(source)) this.error(`there is no ${source} to replace`);
        const url = `new URL(/* @vite-ignore */ './${name}.js', import.meta.url).href`;
        const imported = `import(/* @vite-ignore */ lateUrl).then(() => ${lateGlobal(name)})`;
        return `${code.replace(source, imported)}\nconst lateUrl = ${url};\n`;
      },
    },
  };
}

/** Where a late module leaves what it exports. */
const lateGlobal = (name: string) => `self.tabllama_${name}`;

/** A late module without `export`: Next.js before version 15 minifies what bundlers carry along, and takes it for a script. */
function publishedAsScript(name: string): Plugin {
  return {
    name: `published-${name}-as-script`,
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const chunk = bundle[`${name}.js`];
        if (chunk?.type !== 'chunk') this.error(`there is no ${name}.js`);
        chunk.code = chunk.code
          .replace(/\bexport\{(.*?)\};?\s*$/, (_, names: string) => {
            const properties = names.split(',').map(each => each.split(' as ').reverse().join(':'));
            return `${lateGlobal(name)}={${properties}};\n`;
          })
          .replace(/\bimport\{(.*?)\}from[`"'](.*?)[`"'];?/, (_, names: string, module: string) => {
            const [from] = Object.keys(late).filter(each => late[each].module === module);
            return `const{${names.replaceAll(' as ', ':')}}=${lateGlobal(from)};`;
          });
        // throws where module syntax is left
        new Script(chunk.code);
      },
    },
  };
}

/** What bundlers of applications are to find, and to leave alone; after the minifiers, which write it in another way. */
function markedForBundlers(): Plugin {
  return {
    name: 'marked-for-bundlers',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== 'chunk') continue;
          chunk.code = chunk.code
            .replaceAll(/`(\.\/\w+\.js)`/g, '"$1"')
            .replaceAll(/\bimport\((\w+)\)/g, 'import(/* @vite-ignore */ /* webpackIgnore: true */ $1)');
        }
      },
    },
  };
}

/** WGSL without comments and needless blanks, which would be a quarter of its weight. It has no strings in which a `//` could stand. */
function bareShaders(): Plugin {
  return {
    name: 'bare-shaders',
    enforce: 'pre',
    load: {
      filter: { id: /\.wgsl\?raw$/ },
      handler(id) {
        const source = readFileSync(id.replace('?raw', ''), 'utf8');
        // a blank stays between two words, and between two operators that could become one
        const bare = source
          .replaceAll(/\/\/.*/g, '')
          .replaceAll(/\s*\n\s*/g, '\n')
          .replaceAll(/\b \B|\B \b/g, '');
        return `export default ${JSON.stringify(bare)}`;
      },
    },
  };
}

/** Ollama's templates are data within `create.js` and no package: their license lies beside it too. */
function templateLicense(): Plugin {
  const license = new URL('../chat/src/known/LICENSE', import.meta.url);
  return {
    name: 'template-license',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'template-license.txt', source: readFileSync(license) });
    },
  };
}
