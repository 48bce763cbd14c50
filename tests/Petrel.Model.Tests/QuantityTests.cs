using CsCheck;
using Petrel.Model.Documents;

namespace Petrel.Model.Tests;

public sealed class QuantityTests
{
    private static readonly Gen<string> Texts = Gen.Select(
        Gen.OneOfConst("", "-", "+"),
        Gen.Int[0, 2_000_000],
        Gen.OneOfConst("", ".5", ".125", ".000000001"),
        Gen.OneOfConst("", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "Ti", "e3", "E6", "e-3"),
        (sign, whole, fraction, suffix) => $"{sign}{whole}{fraction}{suffix}"
    );

    [Theory]
    [InlineData("1.50Gi", "1536Mi")]
    [InlineData("0.5", "500m")]
    [InlineData("100m", "100m")]
    [InlineData("1000m", "1")]
    [InlineData("1024", "1024")]
    [InlineData("1024Ki", "1Mi")]
    [InlineData("0.5Ki", "512")]
    [InlineData("0.1Ki", "102400m")]
    [InlineData("1000", "1k")]
    [InlineData("1500", "1500")]
    [InlineData("12e6", "12e6")]
    [InlineData("1200e4", "12e6")]
    [InlineData("1E", "1E")]
    [InlineData("1e3", "1e3")]
    [InlineData("0Mi", "0")]
    [InlineData("-1.5", "-1500m")]
    [InlineData("+5", "5")]
    [InlineData(".5", "500m")]
    [InlineData("0.1n", "1n")]
    public void The_canonical_form_keeps_the_format_and_drops_the_fraction(string text, string canonical) =>
        Assert.Equal(canonical, Quantity.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("1.2.3")]
    [InlineData("1 Gi")]
    [InlineData("1gi")]
    [InlineData("1mi")]
    [InlineData("--1")]
    [InlineData("1e")]
    [InlineData(".")]
    public void Anything_else_is_refused(string text)
    {
        Assert.False(Quantity.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Quantity.Parse(text));
    }

    [Theory]
    [InlineData("100m", 100, 1)]
    [InlineData("1", 1000, 1)]
    [InlineData("1001u", 2, 1)]
    [InlineData("-1500m", -1500, -1)]
    [InlineData("1Gi", 1073741824000, 1073741824)]
    [InlineData("10000E", long.MaxValue, long.MaxValue)]
    public void Values_round_up_and_saturate(string text, long milli, long value)
    {
        Assert.Equal(milli, Quantity.Parse(text).MilliValue);
        Assert.Equal(value, Quantity.Parse(text).Value);
    }

    [Fact]
    public void The_canonical_form_is_stable_and_keeps_the_amount() =>
        Texts.Sample(text =>
        {
            var quantity = Quantity.Parse(text);
            var again = Quantity.Parse(quantity.ToString());
            Assert.Equal(quantity, again);
            // A binary amount that no suffix fits is written without one, and then reads as a decimal.
            Assert.True(again.ToString() == quantity.ToString() || again.Format != quantity.Format, $"{quantity} became {again}");
        });

    [Fact]
    public void Adding_commutes_and_orders() =>
        Gen.Select(Texts, Texts)
            .Sample(
                (left, right) =>
                {
                    var (a, b) = (Quantity.Parse(left), Quantity.Parse(right));
                    Assert.Equal(a + b, b + a);
                    Assert.Equal(a, a + b - b);
                    Assert.Equal(b.Sign > 0, a + b > a);
                }
            );

    [Fact]
    public void Any_text_is_either_read_or_refused() =>
        Gen.String[Gen.Char["0123456789.eEimkMG+-"], 0, 12]
            .Sample(text =>
            {
                if (Quantity.TryParse(text, out var quantity))
                {
                    Assert.Equal(quantity, Quantity.Parse(quantity.ToString()));
                }
            });
}
