using System.Globalization;

namespace Petrel.Model.Documents;

/// <summary>The suffixes of quantities and their multipliers.</summary>
internal static class QuantitySuffix
{
    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    public static string Binary(int power) => BinarySuffixes[power];

    /// <summary>The suffix for a power of ten, which must be a multiple of three from -9 to 18.</summary>
    public static string Decimal(int power) => DecimalSuffixes[power / 3 + 3];

    public static bool TryRead(ReadOnlySpan<char> suffix, out int powerOfTen, out int powerOf1024, out QuantityFormat format)
    {
        powerOfTen = 0;
        powerOf1024 = 0;
        format = QuantityFormat.DecimalSI;
        for (var i = 0; i < DecimalSuffixes.Length; i++)
        {
            if (suffix.SequenceEqual(DecimalSuffixes[i]))
            {
                powerOfTen = (i - 3) * 3;
                return true;
            }
        }
        for (var i = 1; i < BinarySuffixes.Length; i++)
        {
            if (suffix.SequenceEqual(BinarySuffixes[i]))
            {
                powerOf1024 = i;
                format = QuantityFormat.BinarySI;
                return true;
            }
        }
        if (suffix.Length < 2 || suffix[0] is not ('e' or 'E'))
        {
            return false;
        }
        format = QuantityFormat.DecimalExponent;
        return int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out powerOfTen)
            && powerOfTen is > -100_000 and < 100_000;
    }
}
