namespace Petrel.Model.Selectors;

/// <summary>Parses the text of a label selector, token by token.</summary>
internal sealed class LabelSelectorParser(string text)
{
    private const string Symbols = "=!(),<>";
    private int _at;

    public List<LabelRequirement> Parse()
    {
        var requirements = new List<LabelRequirement>();
        if (Peek().Length == 0)
        {
            return requirements;
        }
        while (true)
        {
            requirements.Add(Requirement());
            var token = Next();
            if (token.Length == 0)
            {
                return requirements;
            }
            if (token != ",")
            {
                throw Problem($"found '{token}', expected: ',' or 'end of string'");
            }
            var following = Peek();
            if (!IsWord(following) && following != "!")
            {
                throw Problem($"found '{following}', expected: identifier after ','");
            }
        }
    }

    private LabelRequirement Requirement()
    {
        var absent = Peek() == "!";
        if (absent)
        {
            Next();
        }
        var key = Next();
        if (!IsWord(key))
        {
            throw Problem($"found '{key}', expected: identifier");
        }
        if (LabelSyntax.KeyProblem(key) is { } problem)
        {
            throw Problem($"key: Invalid value: \"{key}\": {problem}");
        }
        if (absent)
        {
            return new(key, SelectorOperator.DoesNotExist, []);
        }
        if (Peek() is "" or ",")
        {
            return new(key, SelectorOperator.Exists, []);
        }
        var op = Next();
        return op switch
        {
            "in" => new(key, SelectorOperator.In, Set()),
            "notin" => new(key, SelectorOperator.NotIn, Set()),
            "=" or "==" => new(key, SelectorOperator.In, [Value()]),
            "!=" => new(key, SelectorOperator.NotIn, [Value()]),
            ">" => new(key, SelectorOperator.GreaterThan, [Value()]),
            "<" => new(key, SelectorOperator.LessThan, [Value()]),
            _ => throw Problem($"found '{op}', expected: in, notin, =, ==, !=, gt, lt"),
        };
    }

    private string Value()
    {
        if (Peek() is "" or ",")
        {
            return "";
        }
        var value = Next();
        return IsWord(value) ? value : throw Problem($"found '{value}', expected: identifier");
    }

    private List<string> Set()
    {
        var open = Next();
        if (open != "(")
        {
            throw Problem($"found '{open}' expected: '('");
        }
        var values = new List<string>();
        while (true)
        {
            // An omitted value is the empty string: "(a,)" and "()" both contain one.
            values.Add(Peek() is "," or ")" ? "" : Word());
            var separator = Next();
            if (separator == ")")
            {
                return values;
            }
            if (separator != ",")
            {
                throw Problem($"found '{separator}', expected: ',' or ')'");
            }
        }
    }

    private string Word()
    {
        var word = Next();
        return IsWord(word) ? word : throw Problem($"found '{word}', expected: ',', ')' or identifier");
    }

    private string Peek()
    {
        var start = _at;
        var token = Next();
        _at = start;
        return token;
    }

    private string Next()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
        {
            _at++;
        }
        if (_at == text.Length)
        {
            return "";
        }
        var start = _at++;
        if (Symbols.Contains(text[start]))
        {
            if (text[start] is '=' or '!' && _at < text.Length && text[_at] == '=')
            {
                _at++;
            }
            return text[start.._at];
        }
        while (_at < text.Length && !char.IsWhiteSpace(text[_at]) && !Symbols.Contains(text[_at]))
        {
            _at++;
        }
        return text[start.._at];
    }

    private static bool IsWord(string token) => token.Length > 0 && !Symbols.Contains(token[0]);

    private static FormatException Problem(string what) => new($"unable to parse requirement: {what}");
}
