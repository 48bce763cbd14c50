using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Requests;

/// <summary>The query parameters of list, watch and deletecollection (meta/v1 ListOptions), checked as upstream checks them.</summary>
internal sealed record ListOptions
{
    private static readonly GroupVersionKind OptionsKind = new("meta.k8s.io", "v1", "ListOptions");

    public LabelSelector Labels { get; private init; } = LabelSelector.Everything;
    public FieldSelector Fields { get; private init; } = FieldSelector.Everything;

    /// <summary>The maximum number of items; 0 for all.</summary>
    public int Limit { get; private init; }

    public string? Continue { get; private init; }

    /// <summary>Null when not given.</summary>
    public long? ResourceVersion { get; private init; }

    /// <summary>Exact, NotOlderThan, or null.</summary>
    public string? ResourceVersionMatch { get; private init; }

    public bool AllowBookmarks { get; private init; }
    public bool SendInitialEvents { get; private init; }
    public bool SendInitialEventsGiven { get; private init; }
    public long? TimeoutSeconds { get; private init; }

    public bool SelectsAll => Labels.IsEverything && Fields.IsEverything;

    public static ListOptions Read(ApiRequest request, KindDefinition kind, bool watch, string name = "")
    {
        var initial = request.QueryValue("sendInitialEvents");
        var options = new ListOptions
        {
            Labels = ReadLabels(request.QueryValue("labelSelector")),
            Fields = ReadFields(request.QueryValue("fieldSelector"), kind, name),
            Limit = (int)Math.Min(Integer(request, "limit") ?? 0, int.MaxValue),
            Continue = request.QueryValue("continue") is { Length: > 0 } token ? token : null,
            ResourceVersion = ReadResourceVersion(request.QueryValue("resourceVersion")),
            ResourceVersionMatch = request.QueryValue("resourceVersionMatch") is { Length: > 0 } match ? match : null,
            AllowBookmarks = RequestInfo.IsTrue(request.QueryValue("allowWatchBookmarks")),
            SendInitialEvents = RequestInfo.IsTrue(initial),
            SendInitialEventsGiven = initial is not null,
            TimeoutSeconds = Integer(request, "timeoutSeconds"),
        };
        options.Check(watch);
        return options;
    }

    public bool Matches(WireObject value) =>
        (Labels.IsEverything || Labels.Matches(value.Labels)) && (Fields.IsEverything || Fields.Matches(value.Field));

    /// <summary>Parses a resourceVersion parameter; null when absent.</summary>
    public static long? ReadResourceVersion(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }
        return long.TryParse(text, System.Globalization.NumberStyles.None, null, out var revision)
            ? revision
            : throw StatusErrors.BadRequest($"Invalid value: \"{text}\": invalid resource version");
    }

    private static long? Integer(ApiRequest request, string name)
    {
        if (request.QueryValue(name) is not { Length: > 0 } text)
        {
            return null;
        }
        if (!long.TryParse(text, out var value))
        {
            throw StatusErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax ({name} must be an integer)");
        }
        return value >= 0 ? value : throw StatusErrors.BadRequest($"{name}: Invalid value: {value}: must not be negative");
    }

    private static LabelSelector ReadLabels(string? text)
    {
        try
        {
            return string.IsNullOrEmpty(text) ? LabelSelector.Everything : LabelSelector.Parse(text);
        }
        catch (FormatException e)
        {
            throw StatusErrors.BadRequest(e.Message);
        }
    }

    private static FieldSelector ReadFields(string? text, KindDefinition kind, string name)
    {
        FieldSelector selector;
        try
        {
            selector = string.IsNullOrEmpty(text) ? FieldSelector.Everything : FieldSelector.Parse(text);
        }
        catch (FormatException e)
        {
            throw StatusErrors.BadRequest(e.Message);
        }
        foreach (var requirement in selector.Requirements)
        {
            if (requirement.Field is not ("metadata.name" or "metadata.namespace") && !kind.SelectableFields.ContainsKey(requirement.Field))
            {
                throw StatusErrors.BadRequest($"field label not supported: {requirement.Field}");
            }
        }
        // A watch of one object's path selects that name.
        return name.Length == 0 ? selector : new([.. selector.Requirements, new FieldRequirement("metadata.name", false, name)]);
    }

    private void Check(bool watch)
    {
        var errors = new FieldErrors();
        if (watch)
        {
            if (SendInitialEventsGiven && ResourceVersionMatch != "NotOlderThan")
            {
                errors.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
            }
            if (!SendInitialEventsGiven && ResourceVersionMatch is not null)
            {
                errors.Forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
                );
            }
        }
        else
        {
            if (SendInitialEventsGiven)
            {
                errors.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
            }
            if (ResourceVersionMatch is not null)
            {
                if (ResourceVersionMatch is not ("Exact" or "NotOlderThan"))
                {
                    errors.NotSupported("resourceVersionMatch", ResourceVersionMatch, "Exact", "NotOlderThan");
                }
                if (ResourceVersion is null)
                {
                    errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
                }
                if (Continue is not null)
                {
                    errors.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
                }
                if (ResourceVersionMatch == "Exact" && ResourceVersion == 0)
                {
                    errors.Forbidden("resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
                }
            }
            if (Continue is not null && ResourceVersion is > 0)
            {
                errors.Forbidden("resourceVersion", "specifying resource version is not allowed when using continue");
            }
        }
        if (errors.Any)
        {
            throw StatusErrors.Invalid(OptionsKind, "", errors.All);
        }
    }
}
