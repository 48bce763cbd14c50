using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Petrel.Model.Documents;

/// <summary>The suffix format of a <see cref="Quantity"/>.</summary>
public enum QuantityFormat
{
    /// <summary>Powers of ten by letter: <c>100m</c>, <c>1k</c>, <c>2G</c>.</summary>
    DecimalSI,

    /// <summary>Powers of 1024: <c>64Mi</c>.</summary>
    BinarySI,

    /// <summary>Powers of ten by exponent: <c>12e6</c>.</summary>
    DecimalExponent,
}

/// <summary>
/// An amount of a resource (apimachinery <c>resource.Quantity</c>): a fixed-point number with at most nine decimal places, and its original
/// format. Finer amounts are rounded away from zero when parsed. Comparison ignores the format.
/// </summary>
public readonly record struct Quantity : IComparable<Quantity>
{
    private static readonly BigInteger NanoPerUnit = BigInteger.Pow(10, 9);
    private static readonly BigInteger MaxNano = ((BigInteger.One << 63) - 1) * NanoPerUnit;

    private static readonly SearchValues<char> SuffixCharacters = SearchValues.Create("eEinumkKMGTP+-0123456789");

    private readonly BigInteger _nano;

    private Quantity(BigInteger nano, QuantityFormat format)
    {
        _nano =
            nano > MaxNano ? MaxNano
            : nano < -MaxNano ? -MaxNano
            : nano;
        Format = format;
    }

    /// <summary>The original format, which <see cref="ToString"/> preserves.</summary>
    public QuantityFormat Format { get; }

    /// <summary>The amount in thousandths, rounded up, saturating.</summary>
    public long MilliValue => Saturate(CeilingDivide(_nano, 1_000_000));

    /// <summary>The amount in whole units, rounded up, saturating.</summary>
    public long Value => Saturate(CeilingDivide(_nano, NanoPerUnit));

    public bool IsZero => _nano.IsZero;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => _nano.Sign;

    public static Quantity FromMilli(long milli, QuantityFormat format = QuantityFormat.DecimalSI) =>
        new(new BigInteger(milli) * 1_000_000, format);

    public static Quantity FromValue(long value, QuantityFormat format = QuantityFormat.DecimalSI) => new(value * NanoPerUnit, format);

    /// <summary>Parses a quantity.</summary>
    /// <exception cref="FormatException">The quantity is invalid. The message is upstream's.</exception>
    public static Quantity Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var problem = Read(text, out var quantity);
        return problem is null ? quantity : throw new FormatException(problem);
    }

    public static bool TryParse([NotNullWhen(true)] string? text, out Quantity quantity)
    {
        quantity = default;
        return text is not null && Read(text, out quantity) is null;
    }

    /// <summary>The sum, in the left operand's format (the right's when the left is zero, as upstream).</summary>
    public static Quantity operator +(Quantity left, Quantity right) =>
        new(left._nano + right._nano, left.IsZero ? right.Format : left.Format);

    public static Quantity operator -(Quantity left, Quantity right) =>
        new(left._nano - right._nano, left.IsZero ? right.Format : left.Format);

    public static bool operator <(Quantity left, Quantity right) => left.CompareTo(right) < 0;

    public static bool operator >(Quantity left, Quantity right) => left.CompareTo(right) > 0;

    public static bool operator <=(Quantity left, Quantity right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Quantity left, Quantity right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => _nano.CompareTo(other._nano);

    /// <summary>Equal amounts are equal, whatever their format.</summary>
    public bool Equals(Quantity other) => _nano == other._nano;

    /// <inheritdoc/>
    public override int GetHashCode() => _nano.GetHashCode();

    /// <summary>The canonical form: no fraction, and the largest suffix that keeps the number whole.</summary>
    public override string ToString()
    {
        if (_nano.IsZero)
        {
            return "0";
        }
        var magnitude = BigInteger.Abs(_nano);
        // Binary suffixes are used only for whole amounts of at least 1024. Smaller and fractional amounts fall back to decimal.
        return Format == QuantityFormat.BinarySI && magnitude >= 1024 * NanoPerUnit && (magnitude % NanoPerUnit).IsZero
            ? Binary(_nano / NanoPerUnit)
            : Decimal(_nano, Format == QuantityFormat.DecimalExponent);
    }

    private static string Binary(BigInteger value)
    {
        var power = 0;
        while (power < 6 && (value % 1024).IsZero)
        {
            value /= 1024;
            power++;
        }
        return value.ToString(CultureInfo.InvariantCulture) + QuantitySuffix.Binary(power);
    }

    private static string Decimal(BigInteger nano, bool exponent)
    {
        var power = -9;
        while (power < 18 && (nano % 1000).IsZero)
        {
            nano /= 1000;
            power += 3;
        }
        var digits = nano.ToString(CultureInfo.InvariantCulture);
        return exponent
            ? power == 0
                ? digits
                : digits + "e" + power.ToString(CultureInfo.InvariantCulture)
            : digits + QuantitySuffix.Decimal(power);
    }

    private static string? Read(string text, out Quantity quantity)
    {
        const string wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        quantity = default;
        if (text.Length == 0)
        {
            return wrongFormat;
        }
        var at = text[0] is '+' or '-' ? 1 : 0;
        var whole = Digits(text, ref at);
        var fraction = ReadOnlySpan<char>.Empty;
        if (at < text.Length && text[at] == '.')
        {
            at++;
            fraction = Digits(text, ref at);
        }
        if (whole.Length + fraction.Length == 0)
        {
            return wrongFormat;
        }
        if (!QuantitySuffix.TryRead(text.AsSpan(at), out var powerOfTen, out var powerOf1024, out var format))
        {
            return text.AsSpan(at).ContainsAnyExcept(SuffixCharacters) ? wrongFormat : "unable to parse quantity's suffix";
        }

        // Amounts beyond the range saturate, so their digits need not all be read.
        whole = whole.TrimStart('0');
        if (whole.Length > 64)
        {
            whole = whole[..64];
        }
        var dropped = fraction.Length > 64 && fraction[64..].ContainsAnyExcept('0');
        fraction = fraction.Length > 64 ? fraction[..64] : fraction;
        var mantissa = BigInteger.Parse(string.Concat("0", whole, fraction), NumberStyles.None, CultureInfo.InvariantCulture);
        var nano = Scale(mantissa * BigInteger.Pow(1024, powerOf1024), powerOfTen - fraction.Length + 9, dropped);
        quantity = new Quantity(text[0] == '-' ? -nano : nano, format);
        return null;
    }

    private static BigInteger Scale(BigInteger mantissa, int power, bool roundUp)
    {
        if (mantissa.IsZero)
        {
            return roundUp ? 1 : 0;
        }
        if (power >= 0)
        {
            return power > 64 ? MaxNano : mantissa * BigInteger.Pow(10, power);
        }
        return power < -256 ? 1 : CeilingDivide(mantissa, BigInteger.Pow(10, -power));
    }

    private static ReadOnlySpan<char> Digits(string text, scoped ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }
        return text.AsSpan(start, at - start);
    }

    private static BigInteger CeilingDivide(BigInteger value, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(value, divisor, out var remainder);
        return remainder.Sign > 0 ? quotient + 1 : quotient;
    }

    private static long Saturate(BigInteger value) =>
        value > long.MaxValue ? long.MaxValue
        : value < long.MinValue ? long.MinValue
        : (long)value;
}
