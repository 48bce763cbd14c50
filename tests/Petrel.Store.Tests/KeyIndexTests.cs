using CsCheck;
using Petrel.Store.Versions;

namespace Petrel.Store.Tests;

public sealed class KeyIndexTests
{
    private static readonly Gen<string> GenKey = Gen.Int[0, 3000].Select(n => $"k{n}");

    [Fact]
    public void The_index_is_a_sorted_map()
    {
        Gen.Select(Gen.Bool, GenKey)
            .List[0, 4000]
            .Sample(
                steps =>
                {
                    var index = new KeyIndex();
                    var model = new SortedSet<string>(StringComparer.Ordinal);
                    foreach (var (add, key) in steps)
                    {
                        if (add || key.Length < 4)
                        {
                            model.Add(key);
                            Assert.Equal(key, index.GetOrAdd(key).Key);
                        }
                        else
                        {
                            model.Remove(key);
                            index.Remove(key);
                        }
                    }
                    Check(index, model);
                },
                iter: 60
            );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_may_come_in_order(bool descending)
    {
        var index = new KeyIndex();
        var keys = Enumerable.Range(0, 5000).Select(i => $"k{(descending ? 5000 - i : i):D5}").ToList();
        foreach (var key in keys)
        {
            index.GetOrAdd(key);
        }

        Check(index, new SortedSet<string>(keys, StringComparer.Ordinal));
        foreach (var key in keys)
        {
            index.Remove(key);
        }

        Check(index, []);
    }

    private static void Check(KeyIndex index, SortedSet<string> model)
    {
        Assert.Equal(model.Count, index.Count);
        Assert.Equal(model, index.From("", exclusive: false).Select(v => v.Key));
        foreach (var probe in new[] { "k1", "k15", "k2999", "zz", "k2999x" })
        {
            Assert.Equal(model.Contains(probe), index.Find(probe) is not null);
            Assert.Equal(model.Where(k => string.CompareOrdinal(k, probe) >= 0), index.From(probe, exclusive: false).Select(v => v.Key));
            Assert.Equal(model.Where(k => string.CompareOrdinal(k, probe) > 0), index.From(probe, exclusive: true).Select(v => v.Key));
        }
    }
}
