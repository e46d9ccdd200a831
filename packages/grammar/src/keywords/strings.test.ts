import { examples } from '../../test/examples.ts';

examples([
  [{ type: 'string', minLength: 2, maxLength: 3 }, ['"ab"', '"é😀z"', '"\\n\\""'], ['"a"', '"abcd"']],
  [{ type: 'string', pattern: '^[a-z]+$', maxLength: 3 }, ['"abc"'], ['"abcd"', '"A"', '""']],
  [{ type: 'string', pattern: 'a.c' }, ['"xabcx"', '"a\\\\c"'], ['"xabx"', '"a\\nc"']],
  [{ type: 'string', pattern: '^(?!foo)\\w+$' }, ['"fo"', '"barfoo"'], ['"foo"', '"foobar"']],
  [{ type: 'string', pattern: '^\\w+(?<!foo)$' }, ['"foobar"'], ['"barfoo"']],
  [
    { type: 'string', pattern: '^(?!-)[a-z-]{1,63}(?<!-)$' },
    ['"a"', '"a-b"'],
    ['"-a"', '"a-"', '"-"', '""', '"a.b"'],
  ],
  [{ type: 'string', pattern: '(?=a)\\w+(?<!b)(?<!c)$' }, ['"xa"', '"ad"'], ['"ab"', '"ac"', '"d"']],
  [{ type: 'string', pattern: '^(?!b)' }, ['"a"', '""'], ['"b}1"']],
  [{ type: 'string', pattern: '^(^a|b$)' }, ['"ax"', '"b"'], ['"xb"']],
  [{ type: 'string', format: 'date' }, ['"2024-02-29"'], ['"2023-02-29"', '"2024-13-01"']],
  [{ type: 'string', format: 'uri' }, ['"http://example.com/a?b#c"', '"urn:x:y"'], ['"a b"', '"/a"']],
  [{ type: 'string', format: 'ipv6' }, ['"::1"', '"1:2:3:4:5:6:7:8"'], ['"1:2:3"', '":::"']],
  [{ pattern: '^(::|::a:a|::b)$' }, ['"::"', '"::a:a"', '"::b"', '1'], ['"::a"', '":"']],
  [{ type: 'string', format: 'topic' }, ['"anything"'], ['1']],
  [{ type: 'string', pattern: '^(a(,|$))+$' }, ['"a"', '"a,a"', '"a,"'], ['""', '"aa"']],
  [{ type: 'string', format: 'hostname' }, ['"a-b.example"'], ['"-a"', '"xn--x"']],
  [{ type: 'string', format: 'regex' }, ['"^[a-z]+(b|c){2,3}$"'], ['"("', '"a{3,2}"', '"*"']],
  [{ not: { format: 'regex' }, type: 'string' }, ['"*"'], ['"a"', '"(?<n>a)"']],
]);
