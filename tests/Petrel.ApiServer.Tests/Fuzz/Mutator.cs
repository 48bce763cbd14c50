using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>Makes hostile inputs out of valid ones. All of it follows from the generator's state: an input can be made again.</summary>
internal static class Mutator
{
    // What parsers have stumbled over before.
    private static readonly string[] Tokens =
    [
        "null",
        "true",
        "0",
        "-1",
        "1e999",
        "-0.0",
        "1e-400",
        "99999999999999999999",
        "9223372036854775808",
        "2147483648",
        "NaN",
        "\"\"",
        "\"a\"",
        "[]",
        "{}",
        "[[]]",
        "{\"a\":",
        "]",
        "}",
        "\"",
        "\\",
        "\\u0000",
        "\\ud800",
        "\"\\udc00\"",
        "\0",
        "\u00a0",
        "\u202e",
        "\ufeff",
        "%00",
        "%2e%2e",
        "..",
        "/",
        "//",
        "~",
        "~2",
        "$patch",
        "$setElementOrder/containers",
        "k:{",
        "f:",
        ".",
        "v:",
        "&a",
        "*a",
        "!!str ",
        "---\n",
        "? ",
        "|\n",
        "<<: ",
        "\t",
        "\r\n",
        "=",
        "!=",
        "==",
        "in (",
        "notin",
        ",,",
        "(",
        ")",
        "!",
        "0x",
        "1Ei",
        "1e9999999999",
        "+1",
        "1.",
        ".5",
        "1_000",
        "9999999999999999999999999999Ki",
        "2026-13-45T99:99:99Z",
        "\u0130",
        "\ud83d\ude00",
    ];

    private static readonly string[] Scalars =
    [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1.5",
        "1e300",
        "9223372036854775807",
        "18446744073709551616",
        "\"\"",
        "\"x\"",
        "\"\\u0000\"",
        "\"..\"",
        "\"a/b\"",
        "\"-\"",
        "\"99999999999999999999Ei\"",
        "\"2026-01-02T03:04:05Z\"",
        "\"1h\"",
        "\"10.0.0.1/33\"",
        "\"::\"",
        "\"{\"",
        "[]",
        "{}",
        "[null]",
        "[{}]",
        "[[]]",
        "{\"\":null}",
        "{\"a\":{\"b\":[1]}}",
    ];

    /// <summary>One or two changes to the bytes of one of <paramref name="samples"/>.</summary>
    public static byte[] Bytes(PCG random, IReadOnlyList<byte[]> samples)
    {
        var bytes = new List<byte>(Pick(random, samples));
        for (var changes = 1 + Next(random, 2); changes > 0; changes--)
        {
            var at = Next(random, bytes.Count + 1);
            var length = Math.Min(bytes.Count - at, 1 + Next(random, 16));
            switch (Next(random, 8))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << Next(random, 8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)Next(random, 256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5:
                    // The beginning of one with the end of another.
                    var other = Pick(random, samples);
                    bytes.RemoveRange(at, bytes.Count - at);
                    bytes.AddRange(other[Next(random, other.Length + 1)..]);
                    break;
                default:
                    bytes.RemoveRange(at, Next(random, 2) * length);
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pick(random, Tokens)));
                    break;
            }
        }
        return [.. bytes];
    }

    /// <summary>Changes single bytes where they are: lengths that were written before them still hold.</summary>
    public static byte[] InPlace(PCG random, byte[] sample)
    {
        var bytes = sample.ToArray();
        for (var changes = 1 + Next(random, 3); changes > 0; changes--)
        {
            bytes[Next(random, bytes.Length)] = (byte)Next(random, 256);
        }
        return bytes;
    }

    public static string Text(PCG random, IReadOnlyList<string> samples) =>
        Encoding.UTF8.GetString(Bytes(random, [.. samples.Select(Encoding.UTF8.GetBytes)]));

    /// <summary>One to three changes to the values of a document, which stays JSON: what comes after the parser gets its share.</summary>
    public static JsonNode Document(PCG random, JsonNode sample)
    {
        var root = new JsonArray(sample.DeepClone());
        for (var changes = 1 + Next(random, 3); changes > 0; changes--)
        {
            var places = new List<(JsonNode Parent, object Step)>();
            Collect(root, places);
            // The document as a whole is a place too, but not one to change often.
            var (parent, step) = places[Math.Min(places.Count - 1, Next(random, places.Count) + Next(random, 2))];
            var before = At(parent, step);
            var value = Next(random, 6) switch
            {
                0 => At(places[Next(random, places.Count)])?.DeepClone(),
                1 => JsonNode.Parse(Pick(random, Scalars)),
                // Mostly of the type that it was, or nothing but the parser and the schema would have to do with it.
                _ => JsonNode.Parse(Pick(random, [.. Scalars.Where(s => Type(JsonNode.Parse(s)) == Type(before)), "null"])),
            };
            Put(random, parent, step, value, ReferenceEquals(parent, root));
        }
        return root[0] ?? new JsonObject();
    }

    public static byte[] Utf8(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node);

    public static T Pick<T>(PCG random, IReadOnlyList<T> items) => items[Next(random, items.Count)];

    public static int Next(PCG random, int below) => (int)random.Next((uint)below);

    private static void Put(PCG random, JsonNode parent, object step, JsonNode? value, bool isRoot)
    {
        switch (parent, step, isRoot ? 2 : Next(random, 4))
        {
            case (JsonObject members, string name, 0):
                members.Remove(name);
                break;
            case (JsonObject members, string name, 1):
                members[name + Pick(random, ["", "x", "~", "/", "\0"])] = value;
                break;
            case (JsonObject members, string name, _):
                members[name] = value;
                break;
            case (JsonArray items, int index, 0):
                items.RemoveAt(index);
                break;
            case (JsonArray items, int index, 1):
                items.Insert(index, value);
                break;
            case (JsonArray items, int index, _):
                items[index] = value;
                break;
        }
    }

    private static JsonValueKind Type(JsonNode? node) => node?.GetValueKind() ?? JsonValueKind.Null;

    private static JsonNode? At((JsonNode Parent, object Step) place) => At(place.Parent, place.Step);

    private static JsonNode? At(JsonNode parent, object step) => step is string name ? parent[name] : parent[(int)step];

    private static void Collect(JsonNode? node, List<(JsonNode Parent, object Step)> places)
    {
        if (node is JsonObject members)
        {
            foreach (var (name, value) in members)
            {
                places.Add((members, name));
                Collect(value, places);
            }
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                places.Add((items, i));
                Collect(items[i], places);
            }
        }
    }
}
