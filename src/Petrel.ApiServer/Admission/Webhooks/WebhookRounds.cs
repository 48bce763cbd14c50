using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>
/// Remembers, over the two rounds of one request's mutating stage, which webhooks want to see again what others changed after them
/// (reinvocationPolicy IfNeeded).
/// </summary>
internal sealed class WebhookRounds
{
    private readonly SortedSet<string> _called = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _again = new(StringComparer.Ordinal);
    private JsonNode? _last;

    /// <summary>The stage runs a second time.</summary>
    public bool IsSecond { get; private set; }

    /// <summary>Whether somebody changed the object in the first round, so that there is to be a second.</summary>
    public bool NeedsSecond { get; private set; }

    public void BeginSecond()
    {
        IsSecond = true;
        NeedsSecond = false;
    }

    /// <summary>Webhooks have their turn. What other plugins changed since the last time, those that were called may want to see.</summary>
    public void BeginTurn(JsonObject document)
    {
        if (IsSecond && !JsonNode.DeepEquals(_last, document))
        {
            CallAgain();
        }
    }

    public void EndTurn(JsonObject document) => _last = document.DeepClone();

    /// <summary>A webhook that was not called in the first round is not in the second either.</summary>
    public bool MayCall(Webhook hook) => !IsSecond || _again.Contains(hook.Id);

    public void Called(Webhook hook, bool changed)
    {
        if (changed)
        {
            CallAgain();
            NeedsSecond = true;
        }
        if (hook.WantsReinvocation)
        {
            _called.Add(hook.Id);
        }
    }

    private void CallAgain()
    {
        _again.UnionWith(_called);
        _called.Clear();
    }
}
