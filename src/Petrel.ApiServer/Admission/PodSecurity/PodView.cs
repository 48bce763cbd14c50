using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>A pod or a pod template, as the checks read it.</summary>
internal sealed class PodView
{
    public PodView(JsonObject? metadata, JsonObject? spec)
    {
        Annotations = metadata.Map("annotations").OrderBy(a => a.Key, StringComparer.Ordinal).ToArray();
        Spec = spec ?? [];
        Context = Spec.Child("securityContext");
        Containers = [.. Spec.Objects("initContainers"), .. Spec.Objects("containers"), .. Spec.Objects("ephemeralContainers")];
    }

    public IReadOnlyList<KeyValuePair<string, string>> Annotations { get; }
    public JsonObject Spec { get; }

    /// <summary>The pod's own security context.</summary>
    public JsonObject? Context { get; }

    /// <summary>Init containers, containers and ephemeral containers.</summary>
    public IReadOnlyList<JsonObject> Containers { get; }

    public IEnumerable<JsonObject> Volumes => Spec.Objects("volumes");

    /// <summary>Whether <c>spec.os.name</c> is windows.</summary>
    public bool IsWindows => Spec.Child("os").Text("name") == "windows";

    /// <summary>Whether the pod has a user namespace: root in it has no rights on the node.</summary>
    public bool HasOwnUsers => Spec.Flag("hostUsers") == false;

    /// <summary>
    /// The names of the containers that <paramref name="isBad"/> holds for; the second argument is their security context.
    /// </summary>
    public string[] Where(Func<JsonObject, JsonObject?, bool> isBad) =>
        [.. Containers.Where(c => isBad(c, c.Child("securityContext"))).Select(c => c.Text("name"))];
}

/// <summary>Words of the messages.</summary>
internal static class Wording
{
    /// <summary><c>container "a"</c> or <c>containers "a", "b"</c>.</summary>
    public static string Named(string singular, IReadOnlyCollection<string> names) => $"{Plural(singular, names.Count)} {Quoted(names)}";

    public static string Quoted(IEnumerable<string> names) => $"\"{string.Join("\", \"", names)}\"";

    public static string Sorted(IEnumerable<string> names) => Quoted(Set(names));

    public static string[] Set(IEnumerable<string> names) => [.. names.Distinct().Order(StringComparer.Ordinal)];

    public static string Plural(string singular, int count) => count == 1 ? singular : singular + "s";

    /// <summary>Who set something: <c>pod and container "a"</c>.</summary>
    public static string Setters(bool pod, IReadOnlyCollection<string> containers) =>
        string.Join(
            " and ",
            (string[])
                [
                    .. pod ? ["pod"] : Array.Empty<string>(),
                    .. containers.Count > 0 ? [Named("container", containers)] : Array.Empty<string>(),
                ]
        );
}
