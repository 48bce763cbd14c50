using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Limits;

/// <summary>Gives the containers of a pod the default requests and limits of a LimitRange, and records that in an annotation.</summary>
internal static class LimitDefaults
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    public static void Apply(JsonObject limitRange, JsonObject pod)
    {
        var requests = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var limits = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var limit in limitRange.Child("spec").Objects("limits").Where(l => l.Text("type") == "Container"))
        {
            Collect(limit, "defaultRequest", requests);
            Collect(limit, "default", limits);
        }
        var notes = new List<string>();
        var spec = pod.Child("spec");
        foreach (var container in spec.Objects("containers"))
        {
            Complete(container, "container", requests, limits, notes);
        }
        foreach (var container in spec.Objects("initContainers"))
        {
            Complete(container, "init container", requests, limits, notes);
        }
        if (notes.Count > 0)
        {
            pod.Metadata().Ensure("annotations")[Annotation] = $"LimitRanger plugin set: {string.Join("; ", notes)}";
        }
    }

    private static void Collect(JsonObject limit, string list, SortedDictionary<string, string> into)
    {
        foreach (var (name, amount) in limit.Map(list))
        {
            into[name] = amount;
        }
    }

    private static void Complete(
        JsonObject container,
        string what,
        SortedDictionary<string, string> requests,
        SortedDictionary<string, string> limits,
        List<string> notes
    )
    {
        var resources = container.Ensure("resources");
        Note("request", Fill(resources, "requests", requests));
        Note("limit", Fill(resources, "limits", limits));

        void Note(string list, IReadOnlyList<string> set)
        {
            if (set.Count > 0)
            {
                notes.Add($"{string.Join(", ", set)} {list} for {what} {container.Text("name")}");
            }
        }
    }

    private static List<string> Fill(JsonObject resources, string list, SortedDictionary<string, string> defaults)
    {
        var set = new List<string>();
        foreach (var (name, amount) in defaults)
        {
            var target = resources.Ensure(list);
            if (!target.Has(name))
            {
                target[name] = amount;
                set.Add(name);
            }
        }
        return set;
    }
}
