using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Petrel.Mutants;

/// <summary>
/// Finds what can be mutated in a source file: comparisons, logic, arithmetic, literals, conditions, the choice of LINQ methods, and whole
/// statements. Logging is left out, because tests need not notice it.
/// </summary>
internal sealed class MutationFinder : CSharpSyntaxWalker
{
    private static readonly Dictionary<SyntaxKind, string> Operators = new()
    {
        [SyntaxKind.LessThanToken] = "<=",
        [SyntaxKind.LessThanEqualsToken] = "<",
        [SyntaxKind.GreaterThanToken] = ">=",
        [SyntaxKind.GreaterThanEqualsToken] = ">",
        [SyntaxKind.EqualsEqualsToken] = "!=",
        [SyntaxKind.ExclamationEqualsToken] = "==",
        [SyntaxKind.AmpersandAmpersandToken] = "||",
        [SyntaxKind.BarBarToken] = "&&",
        [SyntaxKind.PlusToken] = "-",
        [SyntaxKind.MinusToken] = "+",
        [SyntaxKind.AsteriskToken] = "/",
        [SyntaxKind.SlashToken] = "*",
    };

    private static readonly Dictionary<string, string> Methods = new(StringComparer.Ordinal)
    {
        ["Any"] = "All",
        ["All"] = "Any",
        ["Min"] = "Max",
        ["Max"] = "Min",
        ["First"] = "Last",
        ["FirstOrDefault"] = "LastOrDefault",
        ["OrderBy"] = "OrderByDescending",
        ["OrderByDescending"] = "OrderBy",
        ["ThenBy"] = "ThenByDescending",
        ["ThenByDescending"] = "ThenBy",
        ["Take"] = "Skip",
        ["Skip"] = "Take",
        ["StartsWith"] = "EndsWith",
        ["EndsWith"] = "StartsWith",
        ["Floor"] = "Ceiling",
        ["Ceiling"] = "Floor",
    };

    private readonly string _path;
    private readonly SyntaxTree _tree;
    private readonly List<Mutation> _found = [];

    private MutationFinder(string path, string source)
    {
        _path = path;
        _tree = CSharpSyntaxTree.ParseText(source);
    }

    /// <summary>All mutations of a file, in the order of its text.</summary>
    public static IReadOnlyList<Mutation> Find(string path, string source)
    {
        var finder = new MutationFinder(path, source);
        finder.Visit(finder._tree.GetRoot());
        return finder._found;
    }

    public override void VisitAttributeList(AttributeListSyntax node)
    {
        // Attributes say little that tests could notice.
    }

    public override void VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        var isText = node.OperatorToken.IsKind(SyntaxKind.PlusToken) && (IsText(node.Left) || IsText(node.Right));
        if (!isText && Operators.TryGetValue(node.OperatorToken.Kind(), out var other))
        {
            Add(node, $"{node.Left} {other} {node.Right}");
        }
        base.VisitBinaryExpression(node);
    }

    public override void VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node)
    {
        if (node.Kind() is SyntaxKind.LogicalNotExpression or SyntaxKind.UnaryMinusExpression)
        {
            Add(node, node.Operand.ToString());
        }
        base.VisitPrefixUnaryExpression(node);
    }

    public override void VisitLiteralExpression(LiteralExpressionSyntax node)
    {
        switch (node.Kind())
        {
            case SyntaxKind.TrueLiteralExpression:
                Add(node, "false");
                break;
            case SyntaxKind.FalseLiteralExpression:
                Add(node, "true");
                break;
            case SyntaxKind.NumericLiteralExpression when node.Token.Value is int number and < int.MaxValue:
                Add(node, (number + 1).ToString(CultureInfo.InvariantCulture));
                break;
        }
    }

    public override void VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        if (IsLogging(node))
        {
            return;
        }
        if (node.Expression is MemberAccessExpressionSyntax { Name: var name } && Methods.TryGetValue(name.Identifier.Text, out var other))
        {
            Add(name.Identifier, other);
        }
        base.VisitInvocationExpression(node);
    }

    public override void VisitConditionalExpression(ConditionalExpressionSyntax node)
    {
        Add(node.Condition, $"!({node.Condition})");
        base.VisitConditionalExpression(node);
    }

    public override void VisitIfStatement(IfStatementSyntax node)
    {
        Add(node.Condition, $"!({node.Condition})");
        base.VisitIfStatement(node);
    }

    public override void VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        var expression = node.Expression is AwaitExpressionSyntax awaited ? awaited.Expression : node.Expression;
        if (expression is InvocationExpressionSyntax call && IsLogging(call))
        {
            return;
        }
        Add(node.Expression, "_ = 0");
        base.VisitExpressionStatement(node);
    }

    private static bool IsLogging(InvocationExpressionSyntax node) =>
        node.Expression is IdentifierNameSyntax { Identifier.Text: var name } && name.StartsWith("Log", StringComparison.Ordinal);

    private static bool IsText(ExpressionSyntax node) =>
        node.IsKind(SyntaxKind.StringLiteralExpression)
        || node is InterpolatedStringExpressionSyntax
        || node is BinaryExpressionSyntax sum && (IsText(sum.Left) || IsText(sum.Right));

    private void Add(SyntaxNodeOrToken node, string after)
    {
        var line = _tree.GetLineSpan(node.Span).StartLinePosition.Line + 1;
        _found.Add(new(_path, line, node.Span, node.ToString(), after));
    }
}
