using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Petrel.ApiServer.Requests;

/// <summary>Reads one YAML document as JSON, with the scalar types of YAML 1.1 that Kubernetes manifests rely on.</summary>
internal static class YamlDocument
{
    private const int MaxDepth = 100;
    private const int AliasedNodes = 10_000;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="DocumentFormatException">Not YAML, or not a mapping.</exception>
    public static JsonObject Parse(ReadOnlySpan<byte> utf8)
    {
        var stream = new YamlStream();
        try
        {
            var text = StrictUtf8.GetString(utf8);
            CheckDepth(text);
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new DocumentFormatException($"invalid YAML: line {e.Start.Line}: {e.Message}");
        }
        catch (DecoderFallbackException)
        {
            throw new DocumentFormatException("invalid YAML: it is not UTF-8");
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // Duplicate keys in a mapping, or text that the library's scanner cannot read.
            throw new DocumentFormatException($"invalid YAML: {e.Message}");
        }
        if (stream.Documents.Count != 1)
        {
            throw new DocumentFormatException($"expected one YAML document, got {stream.Documents.Count}");
        }
        // Aliases are expanded, so that a short text can produce a vast document. Without aliases a node takes at least one byte.
        var budget = utf8.Length + AliasedNodes;
        return Convert(stream.Documents[0].RootNode, 0, ref budget) as JsonObject
            ?? throw new DocumentFormatException("expected a YAML mapping");
    }

    // The library loads recursively: limit the nesting depth before it does.
    private static void CheckDepth(string text)
    {
        var parser = new Parser(new StringReader(text));
        var depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            // The stream and the document are levels of their own.
            if (depth > MaxDepth + 2)
            {
                throw new DocumentFormatException($"line {parser.Current.Start.Line}: the YAML document is nested too deeply");
            }
        }
    }

    private static JsonNode? Convert(YamlNode node, int depth, ref int budget)
    {
        if (depth > MaxDepth || --budget < 0)
        {
            throw new DocumentFormatException("the YAML document is nested too deeply or expands too far");
        }
        switch (node)
        {
            case YamlMappingNode mapping:
                var members = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    var name = (key as YamlScalarNode)?.Value
                        ?? throw new DocumentFormatException($"line {key.Start.Line}: a key must be a scalar");
                    members[name] = Convert(value, depth + 1, ref budget);
                }
                return members;
            case YamlSequenceNode sequence:
                var items = new JsonArray();
                foreach (var item in sequence.Children)
                {
                    items.Add(Convert(item, depth + 1, ref budget));
                }
                return items;
            case YamlScalarNode scalar:
                return Scalar(scalar);
            default:
                throw new DocumentFormatException($"line {node.Start.Line}: unexpected YAML");
        }
    }

    private static JsonNode? Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON":
                return JsonValue.Create(true);
            case "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF":
                return JsonValue.Create(false);
        }
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
        {
            // YAML 1.1 reads a leading zero as octal: file modes rely on it.
            var digits = text.TrimStart('-', '+');
            if (digits.Length > 1 && digits[0] == '0' && digits.All(c => c is >= '0' and <= '7'))
            {
                return JsonValue.Create(System.Convert.ToInt64(digits, 8) * (text[0] == '-' ? -1 : 1));
            }
            return JsonValue.Create(integer);
        }
        if (
            text.StartsWith("0x", StringComparison.Ordinal)
            && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hexadecimal)
        )
        {
            return JsonValue.Create(hexadecimal);
        }
        if (text.StartsWith("0o", StringComparison.Ordinal) && text.Length > 2 && text.AsSpan(2).IndexOfAnyExceptInRange('0', '7') < 0)
        {
            return JsonValue.Create(System.Convert.ToInt64(text[2..], 8));
        }
        return
            (char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.')
            && text.Any(char.IsAsciiDigit)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
            ? JsonValue.Create(number)
            : JsonValue.Create(text);
    }
}
