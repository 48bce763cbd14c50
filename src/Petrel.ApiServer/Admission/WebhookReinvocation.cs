using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Admission;

/// <summary>
/// Tracks which webhooks are to be called again in the second round of a request's mutating stage, because another plugin changed the
/// object after them (reinvocationPolicy IfNeeded). Webhooks are named by their ids.
/// </summary>
internal sealed class WebhookReinvocation
{
    private readonly SortedSet<string> _called = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _again = new(StringComparer.Ordinal);
    private JsonNode? _last;

    /// <summary>The stage runs a second time.</summary>
    public bool IsSecond { get; private set; }

    /// <summary>Whether a webhook changed the object in the first round, so that a second round is needed.</summary>
    public bool NeedsSecond { get; private set; }

    public void BeginSecond()
    {
        IsSecond = true;
        NeedsSecond = false;
    }

    /// <summary>The webhooks begin. If a plugin changed the object since they ended, those that were called are called again.</summary>
    public void BeginTurn(JsonObject document)
    {
        if (IsSecond && !JsonNode.DeepEquals(_last, document))
        {
            CallAgain();
        }
    }

    public void EndTurn(JsonObject document) => _last = document.DeepClone();

    /// <summary>
    /// Whether the webhook is to be called: in the second round only if another plugin changed the object after its call.
    /// </summary>
    public bool MayCall(string hook) => !IsSecond || _again.Contains(hook);

    public void Called(string hook, bool wantsReinvocation, bool changed)
    {
        if (changed)
        {
            CallAgain();
            NeedsSecond = true;
        }
        if (wantsReinvocation)
        {
            _called.Add(hook);
        }
    }

    private void CallAgain()
    {
        _again.UnionWith(_called);
        _called.Clear();
    }
}
