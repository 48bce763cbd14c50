namespace Petrel.Model.Apply;

/// <summary>
/// Orders the path elements of list items (<c>k:{"name":"web"}</c>) by their text, without parsing them as JSON. It covers keys whose
/// values are strings without escapes or short integers, which are all but a few.
/// </summary>
internal static class ItemKeyText
{
    // A double holds each integer of so many digits exactly, as a comparison of parsed numbers would.
    private const int MostDigits = 15;

    /// <summary>Compares two path elements of list items. False when one of them has to be parsed.</summary>
    public static bool TryCompare(string left, string right, out int order)
    {
        order = 0;
        var a = new Scanner(left);
        var b = new Scanner(right);
        var x = default(Member);
        var y = default(Member);
        var (more, others) = (true, true);
        var decided = false;
        // Both are read to their ends, because what follows the first difference may be no JSON.
        while (more || others)
        {
            if ((more && !a.TryNext(ref x, out more)) || (others && !b.TryNext(ref y, out others)))
            {
                return false;
            }
            if (decided)
            {
                continue;
            }
            if (!more || !others)
            {
                order = more.CompareTo(others);
                decided = true;
                continue;
            }
            order = x.Name.SequenceCompareTo(y.Name);
            order = order != 0 ? order : Compare(x, y);
            decided = order != 0;
        }
        return true;
    }

    // Numbers come before strings.
    private static int Compare(Member left, Member right) =>
        left.IsText != right.IsText ? left.IsText.CompareTo(right.IsText)
        : left.IsText ? left.Text.SequenceCompareTo(right.Text)
        : left.Number.CompareTo(right.Number);

    private ref struct Member
    {
        public ReadOnlySpan<char> Name;
        public ReadOnlySpan<char> Text;
        public long Number;
        public bool IsText;
    }

    // Reads {"a":"text","b":1} member by member. Names must be in ascending order, as they are written.
    private ref struct Scanner(string element)
    {
        private readonly ReadOnlySpan<char> _text = element;
        private int _at = 2;
        private bool _begun;

        /// <summary>Reads the next member; <paramref name="found"/> is false at the end. False when the text has another form.</summary>
        public bool TryNext(ref Member member, out bool found)
        {
            found = false;
            if (!_begun && !Take('{'))
            {
                return false;
            }
            if (Take('}'))
            {
                return _begun && _at == _text.Length;
            }
            if (_begun && !Take(','))
            {
                return false;
            }
            var before = member.Name;
            if (!TakeText(out member.Name) || !Take(':') || (_begun && before.SequenceCompareTo(member.Name) >= 0))
            {
                return false;
            }
            _begun = found = true;
            member.IsText = _at < _text.Length && _text[_at] == '"';
            return member.IsText ? TakeText(out member.Text) : TakeNumber(out member.Number);
        }

        private bool Take(char expected)
        {
            if (_at >= _text.Length || _text[_at] != expected)
            {
                return false;
            }
            _at++;
            return true;
        }

        private bool TakeText(out ReadOnlySpan<char> text)
        {
            text = default;
            if (!Take('"'))
            {
                return false;
            }
            var rest = _text[_at..];
            var length = rest.IndexOfAny('"', '\\');
            if (length < 0 || rest[length] == '\\')
            {
                return false;
            }
            text = rest[..length];
            _at += length + 1;
            return true;
        }

        private bool TakeNumber(out long number)
        {
            number = 0;
            var start = _at;
            while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            {
                number = number * 10 + (_text[_at++] - '0');
                if (_at - start > MostDigits)
                {
                    return false;
                }
            }
            // A number with a leading zero is not valid JSON; anything but digits is left to the parser.
            return _at > start && (_text[start] != '0' || _at == start + 1) && _at < _text.Length && _text[_at] is ',' or '}';
        }
    }
}
