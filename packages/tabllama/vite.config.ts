import { readFileSync } from 'node:fs';
import { minify } from 'terser';
import { defineConfig, type Plugin } from 'vite';

/**
 * What is published: `vite build --mode page` makes `dist/index.js`, `--mode script` the same as a classic script, `--mode worker`
 * `dist/worker.js`, and `--mode create` `dist/create.js`, which the worker imports when it creates a model; each is one file with all the
 * code that it needs.
 */
const inputs: Record<string, Record<string, string>> = {
  page: { index: 'src/index.ts' },
  worker: { worker: 'src/worker.ts' },
  create: { create: '@tabllama/create' },
  script: { script: 'src/page/script.ts' },
};

export default defineConfig(({ mode }) => ({
  plugins: [
    publishedWorker(),
    bareShaders(),
    inlined(),
    publishedCreate(),
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
      input: inputs[mode],
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
    // The minifier writes template strings, which not every bundler reads here.
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk') chunk.code = chunk.code.replace('`./worker.js`', '"./worker.js"');
      }
    },
  };
}

/**
 * In the published worker what creates models is the file beside it, which bundlers of applications carry along as they find its URL. A
 * chunk of code would be none of their workers' in Vite's default format.
 */
function publishedCreate(): Plugin {
  const source = "import('@tabllama/create')";
  return {
    name: 'published-create',
    enforce: 'pre',
    transform: {
      filter: { id: /\/endpoints\/create\.ts$/ },
      handler(code) {
        if (!code.includes(source)) this.error(`there is no ${source} to replace`);
        const url = "new URL(/* @vite-ignore */ './create.js', import.meta.url).href";
        return `${code.replace(source, 'import(/* @vite-ignore */ createUrl)')}\nconst createUrl = ${url};\n`;
      },
    },
    // After the minifier, which drops comments: bundlers shall leave the import of a URL to the browser.
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        chunk.code = chunk.code.replace(
          /\bimport\((\w+)\)/,
          'import(/* @vite-ignore */ /* webpackIgnore: true */ $1)',
        );
      }
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

/** Inlines what is called once, which Vite's own minifier leaves: 1 kB of 150. */
function inlined(): Plugin {
  return {
    name: 'inlined',
    async generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        const { code } = await minify(chunk.code, {
          module: true,
          ecma: 2020,
          format: { comments: /-ignore|webpackIgnore/ },
        });
        chunk.code = code ?? chunk.code;
      }
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
