using System.Globalization;

namespace Petrel.Model.Documents;

/// <summary>Writes durations as Go does: <c>1h0m0.5s</c>, <c>1.5ms</c>, <c>0s</c>.</summary>
internal static class GoDuration
{
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
            var (unit, suffix) = amount < 1000 ? (1m, "ns") : amount < 1_000_000 ? (1000m, "µs") : (1_000_000m, "ms");
            return sign + Number(amount / unit) + suffix;
        }
        var seconds = amount / 1_000_000_000;
        var hours = decimal.Floor(seconds / 3600);
        var minutes = decimal.Floor(seconds / 60) % 60;
        var prefix = hours > 0 ? Number(hours) + "h" + Number(minutes) + "m" : minutes > 0 ? Number(minutes) + "m" : "";
        return sign + prefix + Number(seconds % 60) + "s";
    }

    private static string Number(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);
}
