using System.Text.Json.Nodes;
using Petrel.LocalCluster;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Petrel.Cli.Kubeconfigs;

/// <summary>
/// A kubeconfig as a YAML tree. Unknown fields keep their position and value. Comments are lost, because the YAML library does not read
/// them.
/// </summary>
internal sealed class KubeconfigDocument
{
    private readonly YamlMappingNode _root;

    private KubeconfigDocument(YamlMappingNode root) => _root = root;

    /// <summary>The current context, which kubectl uses by default; empty when there is none.</summary>
    public string CurrentContext
    {
        get => _root.Children.TryGetValue("current-context", out var node) && node is YamlScalarNode { Value: { } name } ? name : "";
        set => _root.Children["current-context"] = new YamlScalarNode(value);
    }

    /// <summary>Reads a file. A missing file counts as an empty kubeconfig.</summary>
    /// <exception cref="UserErrorException">The file is not a kubeconfig.</exception>
    public static KubeconfigDocument Load(string path) => Parse(File.Exists(path) ? File.ReadAllText(path) : "", path);

    /// <summary>Parses the text of the file at <paramref name="path"/>.</summary>
    /// <exception cref="UserErrorException">The text is not a kubeconfig.</exception>
    public static KubeconfigDocument Parse(string text, string path)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new UserErrorException($"{path} is not valid YAML ({e.Message}); it was left as it is.");
        }
        if (stream.Documents.Count == 0 || stream.Documents[0].RootNode is YamlScalarNode { Value: null or "" })
        {
            return new(new YamlMappingNode { { "apiVersion", "v1" }, { "kind", "Config" } });
        }
        return stream.Documents.Count == 1 && stream.Documents[0].RootNode is YamlMappingNode root
            ? new(root)
            : throw new UserErrorException($"{path} is not a kubeconfig (one YAML object); it was left as it is.");
    }

    /// <summary>The entry of that name in a list (<c>clusters</c>, <c>users</c>, <c>contexts</c>); null when there is none.</summary>
    public YamlMappingNode? Find(string list, string name) => Entries(list).FirstOrDefault(entry => NameOf(entry) == name);

    public IEnumerable<YamlMappingNode> Entries(string list) =>
        _root.Children.TryGetValue(list, out var node) && node is YamlSequenceNode sequence
            ? sequence.Children.OfType<YamlMappingNode>()
            : [];

    /// <summary>Replaces the entry with the same name, or appends the entry.</summary>
    public void Put(string list, YamlMappingNode entry)
    {
        if (!_root.Children.TryGetValue(list, out var node) || node is not YamlSequenceNode sequence)
        {
            // The list is absent, or null, which is how kubectl writes an empty list.
            sequence = [];
            _root.Children[list] = sequence;
        }
        var index = sequence.Children.ToList().FindIndex(child => child is YamlMappingNode map && NameOf(map) == NameOf(entry));
        if (index < 0)
        {
            sequence.Style = sequence.Children.Count == 0 ? SequenceStyle.Block : sequence.Style;
            sequence.Add(entry);
        }
        else
        {
            sequence.Children[index] = entry;
        }
    }

    public void Remove(string list, YamlMappingNode entry) => ((YamlSequenceNode)_root.Children[list]).Children.Remove(entry);

    public static string NameOf(YamlMappingNode entry) =>
        entry.Children.TryGetValue("name", out var name) && name is YamlScalarNode { Value: { } text } ? text : "";

    public JsonNode ToJson() => ToJson(_root)!;

    public override string ToString()
    {
        var text = new StringWriter { NewLine = "\n" };
        new YamlStream(new YamlDocument(_root)).Save(new PlainEmitter(new Emitter(text)), assignAnchors: false);
        return text.ToString();
    }

    private static JsonNode? ToJson(YamlNode node) =>
        node switch
        {
            YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create($"{c.Key}", ToJson(c.Value)))),
            YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
            YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } flag => flag.Value == "true",
            YamlScalarNode { Style: ScalarStyle.Plain, Value: "" or "null" or "~" } => null,
            _ => ((YamlScalarNode)node).Value,
        };

    // Omit the document markers, which only a stream of several documents needs.
    private sealed class PlainEmitter(IEmitter inner) : IEmitter
    {
        public void Emit(ParsingEvent @event) =>
            inner.Emit(
                @event switch
                {
                    DocumentStart => new DocumentStart(),
                    DocumentEnd => new DocumentEnd(isImplicit: true),
                    _ => @event,
                }
            );
    }
}
