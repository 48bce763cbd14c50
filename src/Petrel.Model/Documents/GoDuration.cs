using System.Buffers;
using System.Globalization;

namespace Petrel.Model.Documents;

/// <summary>Writes and reads durations as Go does: <c>1h0m0.5s</c>, <c>1.5ms</c>, <c>0s</c>.</summary>
public static class GoDuration
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private static readonly (string Suffix, decimal Nanoseconds)[] Units =
    [
        ("ns", 1),
        ("us", 1000),
        ("µs", 1000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];

    /// <summary>Writes a duration.</summary>
    public static string Format(TimeSpan duration) => Format(duration.Ticks * TimeSpan.NanosecondsPerTick);

    /// <summary>Parses a duration into nanoseconds: a sign, then numbers with units.</summary>
    public static bool TryParse(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+"))
        {
            rest = rest[1..];
        }
        if (rest is "0")
        {
            return true;
        }
        var total = 0m;
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (
                digits <= 0
                || digits > 20
                || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            )
            {
                return false;
            }
            rest = rest[digits..];
            var letters = rest.IndexOfAny(Digits);
            var suffix = letters < 0 ? rest : rest[..letters];
            var unit = 0m;
            foreach (var (name, size) in Units)
            {
                unit = suffix.SequenceEqual(name) ? size : unit;
            }
            total += amount * unit;
            if (unit == 0 || total > long.MaxValue)
            {
                return false;
            }
            rest = rest[suffix.Length..];
        }
        nanoseconds = (long)(negative ? -total : total);
        return text.AsSpan().IndexOfAnyInRange('0', '9') >= 0;
    }

    public static string Format(long nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return "0s";
        }
        var sign = nanoseconds < 0 ? "-" : "";
        var amount = (decimal)(nanoseconds < 0 ? unchecked((ulong)-nanoseconds) : (ulong)nanoseconds);
        if (amount < 1_000_000_000)
        {
            var (unit, suffix) =
                amount < 1000 ? (1m, "ns")
                : amount < 1_000_000 ? (1000m, "µs")
                : (1_000_000m, "ms");
            return sign + Number(amount / unit) + suffix;
        }
        var seconds = amount / 1_000_000_000;
        var hours = decimal.Floor(seconds / 3600);
        var minutes = decimal.Floor(seconds / 60) % 60;
        var prefix =
            hours > 0 ? Number(hours) + "h" + Number(minutes) + "m"
            : minutes > 0 ? Number(minutes) + "m"
            : "";
        return sign + prefix + Number(seconds % 60) + "s";
    }

    private static string Number(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);
}
