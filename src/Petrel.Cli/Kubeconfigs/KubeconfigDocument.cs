using System.Text.Json.Nodes;
using Petrel.LocalCluster;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Petrel.Cli.Kubeconfigs;

/// <summary>
/// A kubeconfig as a YAML tree. Fields that Petrel does not know keep their place and their values; comments are lost, because the YAML
/// library does not read them.
/// </summary>
internal sealed class KubeconfigDocument
{
    private readonly YamlMappingNode _root;

    private KubeconfigDocument(YamlMappingNode root) => _root = root;

    /// <summary>The context that kubectl uses when none is named; empty when there is none.</summary>
    public string CurrentContext
    {
        get => _root.Children.TryGetValue("current-context", out var node) && node is YamlScalarNode { Value: { } name } ? name : "";
        set => _root.Children["current-context"] = new YamlScalarNode(value);
    }

    /// <summary>Reads a file; a file that does not exist is an empty kubeconfig.</summary>
    /// <exception cref="UserErrorException">It is no kubeconfig.</exception>
    public static KubeconfigDocument Load(string path) => Parse(File.Exists(path) ? File.ReadAllText(path) : "", path);

    /// <summary>Reads the text of the file at <paramref name="path"/>.</summary>
    /// <exception cref="UserErrorException">It is no kubeconfig.</exception>
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

    /// <summary>Puts an entry in the place of that of the same name, else at the end.</summary>
    public void Put(string list, YamlMappingNode entry)
    {
        if (!_root.Children.TryGetValue(list, out var node) || node is not YamlSequenceNode sequence)
        {
            // Absent, or null, as kubectl writes an empty list.
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

    // Without the marks around a document, which only streams of several need.
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
