using System.Linq.Expressions;
using Tallystick.Testing.Text;

namespace Tallystick.Testing.Specifications;

/// <summary>A predicate as it reads in C#, nearly: what the compiler has put in is taken out again.</summary>
internal static class ExpressionText
{
    public static string Of(LambdaExpression lambda) => $"{lambda.Parameters[0].Name} => {BodyOf(lambda)}";

    public static string BodyOf(LambdaExpression lambda)
    {
        var body = Readable.Instance.Visit(lambda.Body).ToString()
            .Replace("AndAlso", "&&", StringComparison.Ordinal).Replace("OrElse", "||", StringComparison.Ordinal);
        return body is ['(', .., ')'] && IsOne(body) ? body[1..^1] : body;
    }

    /// <summary>The values of the sides of a comparison that begins at the parameter, such as <c>order.Total is 12.50m</c>.</summary>
    public static string Parts<T>(Expression<Func<T, bool>> lambda, T value)
    {
        var found = new List<string>();
        foreach (var member in Members.In(lambda))
        {
            try
            {
                var text = CSharpText.Brief(Expression.Lambda(member, lambda.Parameters).Compile().DynamicInvoke(value), member.Type);
                found.Add($"\n  {Readable.Instance.Visit(member)} is {text}");
            }
            catch (System.Reflection.TargetInvocationException)
            {
                // A part that can't be computed says nothing.
            }
        }

        return found.Count == 0 ? "" : $"\nof which{string.Concat(found.Distinct().Take(5))}";
    }

    private static bool IsOne(string body)
    {
        var depth = 0;
        for (var i = 0; i < body.Length - 1; i++)
        {
            depth += body[i] == '(' ? 1 : body[i] == ')' ? -1 : 0;
            if (depth == 0)
                return false;
        }

        return true;
    }

    /// <summary>Constants and what a lambda has captured, written as their values; enums by name.</summary>
    private sealed class Readable : ExpressionVisitor
    {
        public static Readable Instance { get; } = new();

        protected override Expression VisitMember(MemberExpression node) => node.Expression is ConstantExpression { Value: { } closure }
            ? new Literal(node.Member is System.Reflection.FieldInfo field
                ? field.GetValue(closure) : ((System.Reflection.PropertyInfo)node.Member).GetValue(closure), node.Type)
            : base.VisitMember(node);

        protected override Expression VisitConstant(ConstantExpression node) => new Literal(node.Value, node.Type);

        protected override Expression VisitBinary(BinaryExpression node)
        {
            // The compiler compares enums as numbers.
            if (node.Left is UnaryExpression { NodeType: ExpressionType.Convert, Operand.Type: { IsEnum: true } type } left
                && node.Right is ConstantExpression { Value: { } number })
                return Expression.MakeBinary(node.NodeType, Visit(left), new Literal(Enum.ToObject(type, number), node.Right.Type), node.IsLiftedToNull, node.Method);
            return base.VisitBinary(node);
        }

        protected override Expression VisitUnary(UnaryExpression node) =>
            node.NodeType == ExpressionType.Convert ? new Literal(Visit(node.Operand).ToString(), node.Type, isText: true) : base.VisitUnary(node);
    }

    private sealed class Literal(object? value, Type type, bool isText = false) : Expression
    {
        public override Type Type { get; } = type;

        public override ExpressionType NodeType => ExpressionType.Extension;

        public override string ToString() => isText ? (string)value! : CSharpText.Brief(value, Type);

        protected override Expression VisitChildren(ExpressionVisitor visitor) => this;
    }

    private sealed class Members : ExpressionVisitor
    {
        private readonly List<MemberExpression> _found = [];

        public static List<MemberExpression> In(LambdaExpression lambda)
        {
            var members = new Members();
            members.Visit(lambda.Body);
            return members._found;
        }

        protected override Expression VisitMember(MemberExpression node)
        {
            if (node.Expression is ParameterExpression)
                _found.Add(node);
            return base.VisitMember(node);
        }

        // A parameter of an inner lambda has no value here.
        protected override Expression VisitLambda<T>(Expression<T> node) => node;
    }
}
